package controllers_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// killedAt has the operator killed after Graph did a write for the user, and before the
// operator hears of it. What happens meanwhile is done before another operator starts.
func (s *story) killedAt(method string, u emulator.User, then string, meanwhile func()) {
	s.t.Helper()
	hold := make(chan struct{})
	must(s.t, s.graph.AddFault(emulator.Fault{Method: method, Path: u.ID + "/authentication/phoneMethods", Times: 1,
		Effect: emulator.Delay, AfterWork: true, Hold: hold}))
	s.t.Cleanup(func() { close(hold) })
	s.has(u, then)
	s.kill()
	metrics.Registry = prometheus.NewRegistry() // for the metrics of another operator in this process
	meanwhile()
	s.operate(s.t)
}

// A pending write binds the resource to its user before anything is written.
func TestKilledBeforeTheRecordOfACreateAndTheNameGivenToSomebodyElse(t *testing.T) {
	s := newStory(t)
	first := s.user()
	var second emulator.User
	s.apply(s.pam("mobile", first.UPN, mobile, "+1 2065550101"))
	s.killedAt("POST", first, "mobile +1 2065550101", func() {
		if o, err := s.get("mobile"); err != nil || o.Status.ID != "" || o.Status.PendingWrite == nil {
			t.Fatalf("recorded as %q before the kill (%v): nothing is shown", o.Status.ID, err)
		}
		must(t, s.graph.RenameUser(first.ID, "moved-"+first.UPN))
		second = s.user(func(u *emulator.User) { u.UPN = first.UPN })
	})
	if o := s.reaches("mobile", v1alpha1.ConditionAccepted, no, v1alpha1.ReasonUserChanged); o.Status.UserID != first.ID {
		t.Errorf("bound to %s, want the user that it was made for", o.Status.UserID)
	}
	s.remove("mobile")
	s.gone("mobile")
	s.has(first)
	if w := s.writes(second); len(w) != 0 {
		t.Errorf("writes for the user who has the name now: %v", w)
	}
}

// A phone that was taken over is the resource's own from then on, whether or not that was recorded.
func TestKilledBeforeTheRecordOfATakeOverAndDeletedMeanwhile(t *testing.T) {
	s := newStory(t)
	u := s.user(func(u *emulator.User) { u.Phones = map[string]string{"mobile": "+1 2065550190"} })
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.AdoptionPolicy = v1alpha1.AdoptAlways
	}))
	s.killedAt("PATCH", u, "mobile +1 2065550101", func() {
		if o, err := s.get("mobile"); err != nil || o.Status.ID != "" {
			t.Fatalf("recorded as %q before the kill (%v): nothing is shown", o.Status.ID, err)
		}
		s.remove("mobile")
	})
	s.gone("mobile")
	s.has(u)
}
