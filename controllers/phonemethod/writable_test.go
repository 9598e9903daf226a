package phonemethod

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/event"
)

// moment is one write of a resource, so many seconds after the first, and its answer.
type moment struct {
	second  int
	refused bool
	certain bool // the refusal is of the resource, not of the moment
}

func refusedAt(seconds ...int) (all []moment) {
	for _, s := range seconds {
		all = append(all, moment{s, true, true})
	}
	return all
}

func perhapsRefusedAt(seconds ...int) (all []moment) {
	for _, s := range seconds {
		all = append(all, moment{s, true, false})
	}
	return all
}

func writtenAt(second int) []moment { return []moment{{second: second}} }

func then(parts ...[]moment) (all []moment) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestWhenAResourceIsOut(t *testing.T) {
	out := refusedAt(0, 1, 2)
	for name, c := range map[string]struct {
		moments []moment
		out     bool
		wait    time.Duration // as of the last moment
	}{
		"nothing was refused":                                      {nil, false, 0},
		"two refusals are of the moment":                           {refusedAt(0, 1), false, 0},
		"three refusals in a row are enough":                       {out, true, 5 * time.Second},
		"a write in between begins the row anew":                   {then(refusedAt(0, 1), writtenAt(2), refusedAt(3, 4)), false, 0},
		"three in a row after a write":                             {then(refusedAt(0, 1), writtenAt(2), refusedAt(3, 4, 5)), true, 5 * time.Second},
		"an answer that may be of the moment takes a minute":       {perhapsRefusedAt(0, 1, 2, 10, 59), false, 0},
		"and is believed after it":                                 {perhapsRefusedAt(0, 1, 60), true, 5 * time.Second},
		"but not the second one":                                   {perhapsRefusedAt(0, 60), false, 0},
		"a certain one after doubtful ones is believed":            {then(perhapsRefusedAt(0, 1), refusedAt(2)), true, 5 * time.Second},
		"each further refusal doubles the distance":                {then(out, refusedAt(7, 17)), true, 20 * time.Second},
		"up to five minutes":                                       {then(out, refusedAt(7, 17, 37, 77, 157, 317, 617)), true, 5 * time.Minute},
		"a write brings it back":                                   {then(out, writtenAt(7)), false, 0},
		"back and refused once, it is out at once, and for longer": {then(out, writtenAt(7), refusedAt(8)), true, 10 * time.Second},
		"and longer each time": {
			then(out, writtenAt(7), refusedAt(8), writtenAt(20), refusedAt(21), writtenAt(50), refusedAt(51)), true, 40 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			u, now := newWriteRefusals(), aMoment
			told := false
			for _, m := range c.moments {
				now = aMoment.Add(time.Duration(m.second) * time.Second)
				if m.refused {
					told = u.refused("a", ofStatus, m.certain, now)
				} else {
					u.written("a", ofStatus)
					told = false
				}
			}
			isOut, wait := u.out("a", now)
			if isOut != c.out || wait != c.wait || told != c.out {
				t.Errorf("out %t (told %t) for %v, want %t for %v", isOut, told, wait, c.out, c.wait)
			}
			want := 0
			if c.out {
				want = 1
				if _, wait := u.out("a", now.Add(c.wait+time.Hour)); wait != 0 {
					t.Errorf("when its time has come it is tried after %v more", wait)
				}
				if u.retry("a") != c.wait {
					t.Errorf("after a further refusal it is tried after %v", u.retry("a"))
				}
			}
			if got := u.count(); got != want {
				t.Errorf("%d are counted, want %d", got, want)
			}
			if isOut, _ := u.out("b", now); isOut {
				t.Error("another resource is out as well")
			}
			u.forget("a")
			if isOut, _ := u.out("a", now); isOut || u.count() != 0 || len(u.byUID) != 0 {
				t.Error("it is remembered when it is gone")
			}
		})
	}
}

// What is not remembered any more costs no memory.
func TestAResourceThatIsWrittenAgainIsForgotten(t *testing.T) {
	u := newWriteRefusals()
	u.refused("a", ofStatus, true, aMoment)
	u.written("a", ofStatus)
	u.written("b", ofStatus)
	if len(u.byUID) != 0 {
		t.Errorf("%d are remembered", len(u.byUID))
	}
}

func TestWhichAnswersAreAboutTheResource(t *testing.T) {
	kind, name := schema.GroupResource{Group: "g", Resource: "pams"}, "a"
	said := func(code int32, reason metav1.StatusReason, message string) error {
		return fmt.Errorf("write: %w", &apierrors.StatusError{ErrStatus: metav1.Status{Code: code, Reason: reason, Message: message}})
	}
	for name, c := range map[string]struct {
		err                 error
		ofResource, certain bool
		reason              string
	}{
		"no answer at all":                     {errors.New("connection refused"), false, false, ""},
		"time is up":                           {context.DeadlineExceeded, false, false, ""},
		"somebody was faster":                  {apierrors.NewConflict(kind, name, errors.New("x")), false, true, ""},
		"it is gone":                           {apierrors.NewNotFound(kind, name), false, true, ""},
		"too many requests":                    {apierrors.NewTooManyRequests("x", 1), false, true, ""},
		"the server is too slow":               {apierrors.NewServerTimeout(kind, "patch", 1), false, false, ""},
		"a timeout":                            {apierrors.NewTimeoutError("x", 1), false, false, ""},
		"the server is away":                   {apierrors.NewServiceUnavailable("x"), false, false, ""},
		"the operator's token is not accepted": {apierrors.NewUnauthorized("x"), false, true, ""},
		"it breaks the schema":                 {apierrors.NewInvalid(schema.GroupKind{Kind: "PAM"}, name, nil), true, true, "Invalid"},
		"a policy or a right that is missing":  {apierrors.NewForbidden(kind, name, errors.New("x")), true, true, "Forbidden"},
		"its namespace goes":                   {said(http.StatusForbidden, metav1.StatusReasonForbidden, "is being terminated"), true, true, "Forbidden"},
		"it is too large for a request":        {apierrors.NewRequestEntityTooLargeError("x"), true, true, "RequestEntityTooLarge"},
		"it is too large for etcd":             {said(http.StatusInternalServerError, "", "etcdserver: request is too large"), true, true, "no reason given"},
		"another error of the server's":        {apierrors.NewInternalError(errors.New("etcdserver: no leader")), true, false, "InternalError"},
		"a webhook that fails":                 {apierrors.NewInternalError(errors.New("failed calling webhook")), true, false, "InternalError"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := refusesResource(c.err); got != c.ofResource {
				t.Errorf("about the resource: %t", got)
			}
			if !c.ofResource {
				return
			}
			if got := ofItself(c.err); got != c.certain {
				t.Errorf("certain: %t", got)
			}
			if got := reasonOf(c.err); got != c.reason {
				t.Errorf("the reason is %q, want %q", got, c.reason)
			}
		})
	}
}

// An answer that is about the moment never takes a resource out, however often it comes.
func TestAConflictIsNoRefusal(t *testing.T) {
	r := &Reconciler{memory: newMemory(aMoment), Now: func() time.Time { return aMoment }}
	c := resource{object: &pam{ObjectMeta: metav1.ObjectMeta{UID: types.UID("a")}}}
	for range 10 {
		_ = r.notWritten(t.Context(), c, ofStatus, apierrors.NewConflict(schema.GroupResource{}, "a", errors.New("x")))
	}
	if r.unwritable.count() != 0 {
		t.Error("it is out")
	}
	for range refusalsUntilOut {
		_ = r.notWritten(t.Context(), c, ofStatus, apierrors.NewForbidden(schema.GroupResource{}, "a", errors.New("x")))
	}
	if r.unwritable.count() != 1 {
		t.Error("it is not out")
	}
}

// One that is gone is none that cannot be written. An informer that lists anew may tell of one that went, and of another
// that came under its name, by one update.
func TestAResourceThatIsGoneIsForgotten(t *testing.T) {
	of := func(uid types.UID) *pam { return &pam{ObjectMeta: metav1.ObjectMeta{UID: uid, Generation: 1}} }
	deleted := func(r *Reconciler) bool { return r.deleted().Delete(event.DeleteEvent{Object: of("a")}) }
	updatedTo := func(uid types.UID) func(*Reconciler) bool {
		return func(r *Reconciler) bool {
			return r.deleted().Update(event.UpdateEvent{ObjectOld: of("a"), ObjectNew: of(uid)})
		}
	}
	for name, c := range map[string]struct {
		told   func(*Reconciler) bool
		passes bool
		out    int // resources that cannot be written, of two
	}{
		"it was deleted":                {deleted, true, 1},
		"another resource has its name": {updatedTo("c"), true, 1},
		"it is still there":             {updatedTo("a"), false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Reconciler{memory: newMemory(aMoment)}
			for range refusalsUntilOut {
				r.unwritable.refused("a", ofStatus, true, aMoment)
				r.unwritable.refused("b", ofStatus, true, aMoment)
			}
			r.rememberRelease("a", aMoment)
			r.numbersInSync.set("a", parsed(numberOne), time.Now(), time.Hour)
			if got := c.told(r); got != c.passes {
				t.Errorf("passed on: %v, want %v", got, c.passes)
			}
			if n := r.unwritable.count(); n != c.out {
				t.Errorf("%d resources cannot be written, want %d", n, c.out)
			}
			_, version := r.versions.Get(types.UID("a"))
			if known := c.out == 2; version != known || r.numbersInSync.get("a", time.Now()).IsZero() == known {
				t.Errorf("its release is remembered: %v, and its number: %v; want %v", version, !r.numbersInSync.get("a", time.Now()).IsZero(), known)
			}
		})
	}
}

// A status that fits says nothing of a finalizer that does not, nor the other way round.
func TestAWriteOfOneKindIsNoneOfTheOther(t *testing.T) {
	for _, kinds := range [][2]writeKind{{ofMetadata, ofStatus}, {ofStatus, ofMetadata}} {
		u := newWriteRefusals()
		for range refusalsUntilOut {
			u.refused("a", kinds[0], true, aMoment)
			u.written("a", kinds[1])
		}
		if out, _ := u.out("a", aMoment); !out {
			t.Errorf("kind %d was refused each time, and is taken for writable", kinds[0])
		}
		u.written("a", kinds[0])
		if out, _ := u.out("a", aMoment); out {
			t.Errorf("kind %d was written, and is taken for not writable", kinds[0])
		}
	}
}
