package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// However many resources name a user or pretend to, a look at the user asks Graph what it asks without them.
func TestManyResourcesThatMayNotActMakeNoRequests(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, hostile, stranger := s.people, s.team("hostile"), s.team("stranger")
	s.allow(hostile.desk())
	u := s.user()
	p.apply(p.phone("office", u.UPN, office, "+1 2065550101"))
	p.ready("office")
	alone := s.counting()
	p.look("office")
	look := alone()

	asked := s.counting()
	const many = 12
	for _, g := range []*team{hostile, stranger} {
		for i := range many {
			ghost := fmt.Sprintf("ghost%d@contoso.com", i)
			g.apply(g.phone(fmt.Sprintf("ghost-%d", i), ghost, mobile, "+1 2065550190", claims(u.ID, "+1 ********01")),
				g.phone(fmt.Sprintf("suspended-%d", i), ghost, mobile, "+1 2065550190", claims(u.ID, "+1 ********01"), suspend),
				g.phone(fmt.Sprintf("secret-%d", i), u.UPN, office, "", fromSecret(fmt.Sprintf("nothing-%d", i)), claims(u.ID, "********")))
		}
		for i := range many {
			g.reaches(fmt.Sprintf("suspended-%d", i), v1alpha1.ConditionSuspended, yes, v1alpha1.ReasonSuspended)
			g.refused(v1alpha1.ReasonNotPermitted, fmt.Sprintf("secret-%d", i))
		}
	}
	for i := range many {
		stranger.refused(v1alpha1.ReasonNotPermitted, fmt.Sprintf("ghost-%d", i))
	}
	before := s.counting()
	untouched := stranger.untouched()
	const looks = 5
	for range looks {
		p.look("office")
	}
	untouched()
	for path, n := range before() {
		if !strings.Contains(path, "ghost") && n > looks*(look[path]+1) { // one that an event asks for may come between
			t.Errorf("%d looks at the user asked %d times for %s, and one alone %d times", looks, n, path, look[path])
		}
	}
	for path, n := range asked() {
		// Of a name that a namespace with a rule brings it is found out once whose it is, and now and then again.
		if strings.Contains(path, "ghost") && n > 3 {
			t.Errorf("%s was asked for %d times", path, n)
		}
	}
	if n := of(asked(), u.ID+"/transitivememberof"); n > 0 {
		t.Errorf("roles were asked for %d times, and nothing was to be written", n)
	}
	// That is only worth something where a Secret which is read shows.
	p.apply(p.phone("from-secret", s.user().UPN, mobile, "", fromSecret("nothing")))
	p.refused(v1alpha1.ReasonNumberSourceNotFound, "from-secret")
	read := s.api.secretsRead()
	if read[p.namespace+"/nothing"] == 0 {
		t.Error("it does not show which Secrets are read")
	}
	for name, n := range read {
		if namespace, _, _ := strings.Cut(name, "/"); namespace == hostile.namespace || namespace == stranger.namespace {
			t.Errorf("Secret %s was read %d times", name, n)
		}
	}
}

// A name that nobody may manage from a namespace without a rule is never looked up, at whatever speed it is edited.
func TestAStrangersEditsMakeNoRequests(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, stranger := s.people, s.team("stranger")
	u, managed := s.user(hasPhone("mobile", "+1 2065550109")), s.user()
	p.apply(p.phone("mobile", managed.UPN, mobile, "+1 2065550108"))
	p.ready("mobile")
	asked := s.counting()
	stranger.apply(stranger.phone("managed", managed.ID, mobile, "+1 2065550101"),
		stranger.phone("mobile", u.UPN, mobile, "+1 2065550101"), stranger.phone("by-id", u.ID, office, "+1 2065550102"))
	for i := range 20 {
		for _, name := range []string{"mobile", "by-id", "managed"} {
			stranger.edit(name, func(o *v1alpha1.PhoneAuthenticationMethod) {
				o.Spec.PhoneNumber, o.Spec.Suspend = fmt.Sprintf("+1 20655501%02d", i+10), i%3 == 0
				o.Spec.AdoptionPolicy = []v1alpha1.AdoptionPolicy{v1alpha1.AdoptAlways, v1alpha1.AdoptNever, ""}[i%3]
				claims(u.ID, fmt.Sprintf("+1 ********%02d", i+10))(o)
			})
		}
	}
	stranger.edit("mobile", resume)
	stranger.edit("by-id", resume)
	stranger.edit("managed", resume)
	stranger.look("mobile", "by-id", "managed")
	stranger.toldNothing("mobile", "by-id", "managed")
	for path, n := range asked() {
		// Of a user who is managed elsewhere a look or two may come of it, not one for each edit.
		if !strings.Contains(path, managed.ID) || n > 4 {
			t.Errorf("Graph was asked %d times for %s", n, path)
		}
	}
}

// What a resource that may not act says of a user makes no look at the user urgent.
func TestStrangersDoNotMakeDriftChecksUrgent(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, hostile := s.people, s.team("hostile")
	s.allow(hostile.desk())
	u := s.user()
	p.apply(p.phone("office", u.UPN, office, "+1 2065550101"))
	p.ready("office")
	hostile.apply(hostile.phone("stranger", u.ID, mobile, "+1 2065550190", claims(u.ID, "********")))
	hostile.refused(v1alpha1.ReasonNotPermitted, "stranger")
	p.look("office")
	before := len(s.lists(u))
	s.editTenant(func(spec *v1alpha1.EntraTenantSpec) { spec.ResyncPeriod = &metav1.Duration{Duration: 2 * time.Hour} })
	s.eventually("everybody is looked at", func() error {
		if len(s.lists(u)) == before {
			return errNotYet
		}
		return nil
	})
	for _, r := range s.lists(u)[before:] {
		if got := r.Header.Get("x-ms-throttle-priority"); got != "low" {
			t.Errorf("a look for drift asks with priority %q", got)
		}
	}
}

// lists are the requests for a user's phones.
func (s *story) lists(u emulator.User) []emulator.Request {
	return slices.DeleteFunc(s.graph.Requests(), func(r emulator.Request) bool {
		return r.Method != http.MethodGet || !strings.HasSuffix(r.Path, u.ID+"/authentication/phoneMethods")
	})
}

// What Graph, or a gateway before it, answers to a name that somebody brings along is that resource's trouble alone.
func TestANameThatGraphRefuses(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, hostile, stranger := s.people, s.team("hostile"), s.team("stranger")
	s.allow(hostile.desk())
	u := s.user()
	p.apply(p.phone("office", u.UPN, office, "+1 2065550101"))
	p.ready("office")
	var blocks, suspended []string
	for name, fault := range map[string]emulator.Fault{
		"400": {Effect: emulator.Answer, Status: http.StatusBadRequest}, "403": {Effect: emulator.Answer, Status: http.StatusForbidden},
		"404": {Effect: emulator.Answer, Status: http.StatusNotFound}, "409": {Effect: emulator.Answer, Status: http.StatusConflict},
		"500": {Effect: emulator.Answer, Status: http.StatusInternalServerError}, "garbled": {Effect: emulator.Garble}, "cut": {Effect: emulator.Cut},
	} {
		fault.Path = "/users/weird" + name
		must(t, s.graph.AddFault(fault))
		blocks, suspended = append(blocks, "block-"+name), append(suspended, "suspended-"+name)
		for i, g := range []*team{hostile, stranger} {
			weird := fmt.Sprintf("weird%s'or'%d@contoso.com", name, i)
			g.apply(g.phone("block-"+name, weird, mobile, "+1 2065550190", claims(u.ID, "+1 ********01")),
				g.phone("suspended-"+name, weird, mobile, "+1 2065550190", claims(u.ID, "+1 ********01"), suspend))
		}
	}
	for _, g := range []*team{hostile, stranger} {
		for _, name := range suspended {
			g.reaches(name, v1alpha1.ConditionSuspended, yes, v1alpha1.ReasonSuspended)
		}
	}
	stranger.refused(v1alpha1.ReasonNotPermitted, blocks...)
	p.edit("office", number("+1 2065550102"))
	p.ready("office")
	s.has(u, "office +1 2065550102")
	p.remove("office")
	p.gone("office")
	s.has(u)
	for _, g := range []*team{hostile, stranger} {
		g.toldNothing(slices.Concat(blocks, suspended)...)
	}
}
