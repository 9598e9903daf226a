package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// Annotations can be long. What of them goes into status and into the log is not.
func TestLongAnnotationsAreCut(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p := s.people
	u := s.user()
	long := strings.Repeat("x", 100_000)
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Annotations = map[string]string{v1alpha1.ReconcileRequestedAtAnnotation: long + "1", "argocd.argoproj.io/tracking-id": long}
	}))
	first := p.ready1("mobile").Status.LastHandledRequest
	p.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Annotations[v1alpha1.ReconcileRequestedAtAnnotation] = long + "2"
	})
	var second string
	s.eventually("a request that differs at its end is served", func() error {
		o, err := p.get("mobile")
		if second = o.Status.LastHandledRequest; err == nil && second == first {
			err = errNotYet
		}
		return err
	})
	for _, handled := range []string{first, second} {
		if len(handled) > 256 || !strings.HasPrefix(handled, "xxx") {
			t.Errorf("status.lastHandledRequest has %d bytes", len(handled))
		}
	}
	p.edit("mobile", number("+1 2065550102"))
	p.ready("mobile")
	p.remove("mobile")
	p.gone("mobile")
	lines := 0
	for _, o := range s.ever() {
		for line := range strings.Lines(o.Output()) {
			var about struct{ Msg, UserID string }
			if !strings.Contains(line, u.ID) || json.Unmarshal([]byte(line), &about) != nil || about.UserID != u.ID || about.Msg != "changed Graph" {
				continue
			}
			if lines++; len(line) > 2000 {
				t.Errorf("an audit line has %d bytes", len(line))
			}
		}
	}
	if lines != 3 {
		t.Errorf("%d audit lines", lines)
	}
}

// ready1 is ready, and returns the resource.
func (g *team) ready1(name string) *v1alpha1.PhoneAuthenticationMethod {
	g.t.Helper()
	return g.reaches(name, v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady)
}

// A status that was restored in part from a backup, with whatever conditions, stops nobody's work while Graph is away.
func TestAStatusThatIsThereInPart(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for sentence, conditions := range map[string][]string{
		"Stalled alone": {v1alpha1.ConditionStalled}, "no conditions": nil, "Synced alone": {v1alpha1.ConditionSynced},
		"Reconciling alone": {v1alpha1.ConditionReconciling}, "Accepted and Stalled": {v1alpha1.ConditionAccepted, v1alpha1.ConditionStalled},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := s.under(t)
			p, u := s.people, s.user()
			names := []string{resourcesOf(u) + "mobile", resourcesOf(u) + "office"}
			p.apply(p.phone(names[0], u.UPN, mobile, "+1 2065550101"), p.phone(names[1], u.UPN, office, "+1 2065550102"))
			p.ready(names...)
			must(t, s.graph.AddFault(emulator.Fault{Effect: emulator.Answer, Status: http.StatusInternalServerError, Path: u.ID}))
			for _, name := range names {
				p.eventually("forge the conditions of "+name, func() error {
					o, err := p.get(name)
					if err != nil {
						return err
					}
					o.Status.Conditions = nil
					for _, c := range conditions {
						meta.SetStatusCondition(&o.Status.Conditions, metav1.Condition{Type: c, Status: yes, Reason: v1alpha1.ReasonReady, ObservedGeneration: o.Generation})
					}
					return p.world.Status().Update(t.Context(), o)
				})
			}
			refused := s.refusals()
			p.ask(names...)
			s.eventually("the operator tries", func() error {
				if refused() < 2 {
					return errNotYet
				}
				return nil
			})
			s.graph.ClearFaults()
			p.ready(names...)
			s.has(u, "mobile +1 2065550101", "office +1 2065550102")
		})
	}
}
