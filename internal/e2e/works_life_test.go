package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// sent are the methods of all writes to a user, in order, those that Graph refused too.
func (s *story) sent(u emulator.User) string {
	var methods []string
	for _, r := range s.writes() {
		if r.User == u.ID {
			methods = append(methods, r.Method)
		}
	}
	return strings.Join(methods, " ")
}

// Phones are applied in the wrong order, edited, and deleted in the wrong order; Graph gets each change once, in its own.
// Accounts that are synchronized from a directory may have such a name.
func TestALife(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p := s.people
	u := s.user(func(u *emulator.User) { u.UPN = "$svc-" + u.UPN })
	p.apply(p.phone("alt", u.UPN, alternate, "+1 2065550102"))
	p.reaches("alt", v1alpha1.ConditionSynced, no, v1alpha1.ReasonWaitingForMobile)
	p.apply(p.phone("mobile", u.UPN, mobile, "+12065550101"), p.phone("office", u.UPN, office, "+1 2065550103x77"))
	p.ready("alt", "mobile", "office")
	s.has(u, "mobile +1 2065550101", "alternateMobile +1 2065550102", "office +1 2065550103x77")
	o, err := p.get("mobile")
	must(t, err)
	if o.Status.ID != mobileID || o.Status.SMSSignInState != "notAllowedByPolicy" || o.Status.UserID != u.ID || o.Status.MaskedNumber != "+1 ********01" {
		t.Errorf("status: %+v", o.Status)
	}

	p.edit("mobile", number("+1 2065550109"))
	p.ready("mobile")
	p.edit("mobile", number("+12065550109")) // the same, written otherwise
	p.ready("mobile")
	p.remove("mobile")
	p.reaches("mobile", v1alpha1.ConditionSynced, no, v1alpha1.ReasonWaitingForAlternateMobile)
	s.has(u, "mobile +1 2065550109", "alternateMobile +1 2065550102", "office +1 2065550103x77")
	p.remove("alt", "office")
	p.gone("mobile", "alt", "office")
	s.has(u)
	if got := s.sent(u); got != "POST POST POST PATCH DELETE DELETE DELETE" {
		t.Errorf("writes to Graph: %s", got)
	}
}

func TestOneUserSpelledThreeWaysIsOneUser(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p := s.people
	u := s.user()
	p.apply(p.phone("first", u.UPN, mobile, "+1 2065550101"))
	p.ready("first")
	p.apply(p.phone("by-id", strings.ToUpper(u.ID), mobile, "+1 2065550102"),
		p.phone("shouted", strings.ToUpper(u.UPN), mobile, "+1 2065550103"), p.phone("alt", u.ID, alternate, "+1 2065550104"))
	for _, name := range []string{"by-id", "shouted"} {
		o := p.reaches(name, v1alpha1.ConditionAccepted, no, v1alpha1.ReasonConflict)
		if c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionAccepted); !strings.Contains(c.Message, `"first"`) {
			t.Errorf("the message does not name the winner of the same namespace: %s", c.Message)
		}
	}
	p.ready("alt")
	s.has(u, "mobile +1 2065550101", "alternateMobile +1 2065550104")
}

// What was there before is adopted if spec says so, and goes with the resource that has it; what was not stays, and so
// does what is to be orphaned.
func TestAdoption(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p := s.people
	u := s.user(hasPhone("mobile", "+1 2065550101"), func(u *emulator.User) { u.Phones["office"] = "+1 2065550102" })
	other := s.user(hasPhone("office", "+1 2065550105"))
	p.apply(p.phone("mobile", u.UPN, mobile, "+12065550101", adoptEqual), p.phone("office", u.UPN, office, "+1 2065550109", adoptEqual),
		p.phone("orphan", other.UPN, mobile, "+1 2065550106", func(o *v1alpha1.PhoneAuthenticationMethod) {
			o.Spec.DeletionPolicy = v1alpha1.DeletionOrphan
		}), p.phone("never", other.UPN, office, "+1 2065550107", adoptEqual))
	p.ready("mobile", "orphan")
	for _, name := range []string{"office", "never"} {
		p.reaches(name, v1alpha1.ConditionSynced, no, v1alpha1.ReasonAlreadyExists)
	}
	if got := s.sent(u) + s.sent(other); got != "POST" {
		t.Errorf("writes to Graph: %s, want the one of the orphan", got)
	}
	p.edit("office", adoptAlways)
	p.ready("office")
	s.has(u, "mobile +1 2065550101", "office +1 2065550109")
	p.remove("mobile", "office", "orphan", "never")
	p.gone("mobile", "office", "orphan", "never")
	s.has(u)
	s.has(other, "mobile +1 2065550106", "office +1 2065550105")
}

// The phone goes with its resource, though nothing says its number any more.
func TestASecretThatGoesBeforeItsResource(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, u := s.people, s.user()
	phones := secret(p.namespace, "phones", "number", "+1 2065550101")
	s.prepare(phones)
	p.apply(p.phone("mobile", u.UPN, mobile, "", fromSecret("phones")))
	p.ready("mobile")
	must(t, s.Delete(t.Context(), phones))
	p.refused(v1alpha1.ReasonNumberSourceNotFound, "mobile")
	p.remove("mobile")
	p.gone("mobile")
	s.has(u)
}

func TestSMSSignIn(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p := s.people
	may := func(u *emulator.User) { u.SMSSignIn = true }
	says := func(name, want string) {
		t.Helper()
		p.eventually(name+" says "+want, func() error {
			o, err := p.get(name)
			if err == nil && o.Status.SMSSignInState != want {
				err = fmt.Errorf("it says %q", o.Status.SMSSignInState)
			}
			return err
		})
	}
	p.apply(p.phone("mobile", s.user(may).UPN, mobile, "+1 2065550141", signIn(v1alpha1.SMSSignInDisabled)))
	p.ready("mobile")
	says("mobile", "notEnabled")
	p.edit("mobile", signIn(v1alpha1.SMSSignInEnabled))
	p.ready("mobile")
	says("mobile", "ready")
	// Graph answers 409 and saves the number all the same.
	p.apply(p.phone("shared", s.user(may).UPN, mobile, "+1 2065550141"))
	p.ready("shared")
	says("shared", "phoneNumberNotUnique")
	p.edit("shared", signIn(v1alpha1.SMSSignInEnabled))
	p.reaches("shared", v1alpha1.ConditionReady, no, v1alpha1.ReasonSMSSignInNotAsAsked)
	p.reaches("shared", v1alpha1.ConditionSynced, yes, v1alpha1.ReasonSynced)
}

// Nor does a refused number keep from its own phone that shows later, where reads lag longer than the operator waits.
func TestARefusedNumberStarvesNobody(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, u := s.people, s.user()
	refusal := emulator.Fault{Method: "POST", Path: u.ID + "/authentication/phoneMethods$", Times: 2, Effect: emulator.Answer, Status: http.StatusBadRequest, Code: "badRequest"}
	must(t, s.graph.AddFault(refusal))
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101"))
	p.reaches("mobile", v1alpha1.ConditionSynced, no, v1alpha1.ReasonRejected)
	p.apply(p.phone("office", u.UPN, office, "+1 2065550102"))
	p.ready("office")
	must(t, s.graph.SetPhone(u.ID, "mobile", "+1 2065550101"))
	p.ready("mobile")
}

func TestAPauseThatGraphAsksForIsKeptByTheWholeTenant(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, first, second := s.people, s.user(), s.user()
	s.tenantReaches(v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady)
	must(t, s.graph.AddFault(emulator.Fault{Path: first.ID, Times: 1, Effect: emulator.Answer, Status: http.StatusTooManyRequests, Retry: "3"}))
	p.apply(p.phone("first", first.ID, mobile, "+1 2065550101"))
	p.reaches("first", v1alpha1.ConditionReady, unknown, v1alpha1.ReasonThrottled)
	p.apply(p.phone("second", second.ID, mobile, "+1 2065550102"))
	p.ready("first", "second")
	about := slices.DeleteFunc(s.graph.Requests(), func(r emulator.Request) bool {
		return !strings.Contains(r.Path, first.ID) && !strings.Contains(r.Path, second.ID)
	})
	at := slices.IndexFunc(about, func(r emulator.Request) bool { return r.Status == http.StatusTooManyRequests })
	if at < 0 {
		t.Fatal("nothing was answered 429")
	}
	for _, r := range about[at+1:] {
		sideBySide := r.Time.Sub(about[at].Time) < 100*time.Millisecond // on its way already
		if early := about[at].Time.Add(3 * time.Second).Sub(r.Time); early > 0 && !sideBySide {
			t.Errorf("%s %s was sent %v before the end of the pause", r.Method, r.LogPath(), early)
		}
	}
}

// Graph does not delete the phone that a user signs in with by default: the resource says so and waits for the user.
func TestTheDefaultMethodIsDeletedWhenItIsNoneAnyMore(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, u := s.people, s.user(func(u *emulator.User) {
		u.OtherMethods = []emulator.OtherMethod{{ID: "6f0fd9d4-2b3f-4f5e-8d2e-6f3b9f6c1f11", Type: "microsoftAuthenticatorAuthenticationMethod"}}
	})
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101"))
	p.ready("mobile")
	must(t, s.graph.UpdateUser(u.ID, func(u *emulator.User) { u.DefaultMethod = "mobile" }))
	p.remove("mobile")
	p.reaches("mobile", v1alpha1.ConditionSynced, no, v1alpha1.ReasonDefaultMethod)
	s.has(u, "mobile +1 2065550101")
	must(t, s.graph.UpdateUser(u.ID, func(u *emulator.User) { u.DefaultMethod = "" }))
	p.ask("mobile")
	p.gone("mobile")
	s.has(u)
}
