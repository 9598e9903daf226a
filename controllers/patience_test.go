package controllers_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

func TestAtRestNothingIsWritten(t *testing.T) {
	s := newStory(t)
	u := s.user(func(u *emulator.User) { u.SMSSignIn = true })
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550171"), s.pam("alt", u.UPN, alternate, "+1 2065550172"),
		s.pam("rival", u.ID, mobile, "+1 2065550173"))
	s.ready("mobile", "alt")
	s.reaches("rival", v1alpha1.ConditionAccepted, no, v1alpha1.ReasonConflict)
	before, writes := s.versions(), s.writes(u)

	// Asked once more, through the one that is in sync, the operator looks again
	// and writes down only that it was asked.
	s.edit("alt", request("look"))
	s.eventually("the request is handled", func() error {
		o, err := s.get("alt")
		if err == nil && o.Status.LastHandledRequest != "look" {
			err = fmt.Errorf("last handled request %q", o.Status.LastHandledRequest)
		}
		return err
	})
	after := s.versions()
	delete(before, "alt")
	delete(after, "alt")
	if fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("resource versions went from %v to %v", before, after)
	}
	if now := s.writes(u); !slices.Equal(now, writes) {
		t.Errorf("writes to Graph went from %v to %v", writes, now)
	}
}

// versions are the resources' versions by name.
func (s *story) versions() map[string]string {
	s.t.Helper()
	var all v1alpha1.PhoneAuthenticationMethodList
	must(s.t, s.List(s.t.Context(), &all, client.InNamespace(s.namespace)))
	versions := map[string]string{}
	for _, o := range all.Items {
		versions[o.Name] = o.ResourceVersion
	}
	return versions
}

func request(what string) func(*v1alpha1.PhoneAuthenticationMethod) {
	return func(o *v1alpha1.PhoneAuthenticationMethod) {
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.ReconcileRequestedAtAnnotation, what)
	}
}

func TestThreeKubernetesWritesForANewMethod(t *testing.T) {
	s := newStory(t)
	u := s.user()
	w, err := s.watch(t)
	must(t, err)
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"))
	s.ready("mobile")
	o, err := s.get("mobile")
	must(t, err)
	s.eventually("the watch has caught up", func() error {
		if seen := w.all(); len(seen) == 0 || seen[len(seen)-1].ResourceVersion != o.ResourceVersion {
			return fmt.Errorf("it has seen %d versions", len(seen))
		}
		return nil
	})
	// The resource was added, got its finalizer, its pending write and its status: four versions.
	if n := len(w.all()); n != 4 {
		t.Errorf("%d versions of the resource, want 4: one applied, three written by the operator", n)
	}
}

func TestReadsThatLagBehindWritesCauseNoSecondWrite(t *testing.T) {
	s := newStory(t)
	u := s.user()
	must(t, s.graph.AddFault(emulator.Fault{Method: "POST", Path: u.ID + "/authentication/phoneMethods$", Times: 1,
		Effect: emulator.Lag, Reads: 3}))
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"))
	s.ready("mobile")
	for i := range 3 { // each look reads the state before the write
		s.edit("mobile", request(fmt.Sprint(i)))
		s.eventually("the request is handled", func() error {
			o, err := s.get("mobile")
			if err == nil && o.Status.LastHandledRequest != fmt.Sprint(i) {
				err = fmt.Errorf("last handled request %q", o.Status.LastHandledRequest)
			}
			return err
		})
	}
	s.ready("mobile")
	if w := s.writes(u); !slices.Equal(w, []string{"POST"}) {
		t.Errorf("writes to Graph: %v", w)
	}
}

func TestReadsThatLagBehindTwoWritesInARowCauseNoThird(t *testing.T) {
	s := newStory(t)
	u := s.user()
	must(t, s.graph.AddFault(emulator.Fault{Method: "POST", Path: u.ID + "/authentication/phoneMethods$", Times: 1,
		Effect: emulator.Lag, Reads: 3}))
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"))
	s.ready("mobile")
	// Read before and after its update, Graph still shows no phone at all.
	s.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.PhoneNumber = "+1 2065550102" })
	s.eventually("the new number is in Graph", func() error {
		o, err := s.get("mobile")
		if err == nil && o.Status.MaskedNumber != "+1 ********02" {
			err = fmt.Errorf("the last number in sync is %s", o.Status.MaskedNumber)
		}
		return err
	})
	s.ready("mobile")
	if w := s.writes(u); !slices.Equal(w, []string{"POST", "PATCH"}) {
		t.Errorf("writes to Graph: %v", w)
	}
}

// Where reads lag longer than the operator waits for them, it writes again what Graph has, and is refused.
func TestAPhoneThatWasRefusedAndShowsLater(t *testing.T) {
	s := newStory(t)
	u := s.user()
	must(t, s.graph.AddFault(emulator.Fault{Method: "POST", Path: u.ID + "/authentication/phoneMethods$",
		Effect: emulator.Answer, Status: http.StatusBadRequest, Code: "badRequest"}))
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"))
	s.reaches("mobile", v1alpha1.ConditionSynced, no, v1alpha1.ReasonRejected)
	must(t, s.graph.SetPhone(u.ID, "mobile", "+1 2065550101"))
	s.ready("mobile")
}

func TestANewUserThatGraphDoesNotShowYet(t *testing.T) {
	s := newStory(t)
	u := s.user(func(u *emulator.User) { u.HiddenFor = 3 })
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"))
	s.reaches("mobile", v1alpha1.ConditionReconciling, yes, v1alpha1.ReasonUserNotFound)
	s.ready("mobile")
}

// onItsWay is how long a request may have been on its way when another one was answered.
const onItsWay = 100 * time.Millisecond

func TestAPauseThatGraphAsksForIsKeptByTheWholeTenant(t *testing.T) {
	s := newStory(t)
	id := s.directory("x")
	first := s.user(func(u *emulator.User) { u.TenantID = id })
	second := s.user(func(u *emulator.User) { u.TenantID = id })
	o := s.tenantOf(id, "x")
	s.tenantReaches(o.Name, yes, v1alpha1.ReasonReady)
	must(t, s.graph.AddFault(emulator.Fault{Path: first.ID, Times: 1, Effect: emulator.Answer, Status: 429, Retry: "3"}))
	s.apply(s.pam("first", first.ID, mobile, "+1 2065550101", in(o.Name)))
	s.reaches("first", v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonThrottled)
	s.apply(s.pam("second", second.ID, mobile, "+1 2065550102", in(o.Name)))
	s.ready("first", "second")
	var refused time.Time
	for _, r := range s.graph.Requests() {
		switch {
		case !strings.Contains(r.Path, first.ID) && !strings.Contains(r.Path, second.ID):
		case r.Status == http.StatusTooManyRequests:
			refused = r.Time
		case r.Time.Before(refused.Add(onItsWay)): // what is asked side by side
		case !refused.IsZero() && r.Time.Before(refused.Add(3*time.Second)):
			t.Errorf("%s %s was sent %v after a 429 that asked for 3s", r.Method, r.Path, r.Time.Sub(refused))
		}
	}
	if refused.IsZero() {
		t.Error("nothing was answered 429")
	}
}

func TestAMaskedNumberIsNotDrift(t *testing.T) {
	s := newStory(t)
	u := s.user()
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"))
	s.ready("mobile")
	must(t, s.graph.AddFault(emulator.Fault{Method: "GET", Path: u.ID + "/authentication/phoneMethods$", Effect: emulator.Mask}))
	s.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
	s.ready("mobile")
	s.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.PhoneNumber = "+1 2065550102" })
	s.ready("mobile")
	s.has(u, "mobile +1 2065550102")
}
