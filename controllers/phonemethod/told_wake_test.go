package phonemethod

import (
	"fmt"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// TestAWakeUpThatComesBeforeTheBinding: a change that concerns many users wakes those that the
// cache shows. A resource that the operator has just bound to its user still shows there by its
// name alone, and nothing is found under that name any more when its turn comes.
func TestAWakeUpThatComesBeforeTheBinding(t *testing.T) {
	const allowed = "allowed"
	byLabel := ruled("a label permits", func(r *v1alpha1.AccessRule) {
		r.Namespaces.MatchLabels = map[string]string{allowed: "yes"}
	})
	for name, c := range map[string]struct {
		change step
		says   string
	}{
		"a label of the namespace":     {labels("people", allowed, "no"), v1alpha1.ReasonNotPermitted},
		"the rules of the EntraTenant": {tenantEdited("no rules", func(s *tenantState) { s.spec.Access = nil }), v1alpha1.ReasonNotPermitted},
		"the number in the Secret":     {secretSays("people", "no number"), v1alpha1.ReasonInvalidNumber},
	} {
		for reconciles := 1; reconciles <= 3; reconciles++ {
			t.Run(fmt.Sprintf("%s, after %d reconciles", name, reconciles), func(t *testing.T) {
				told(t, func(m *model) {
					m.take(byLabel, labels("people", allowed, "yes"), secretSays("people", numberOne), works(busy),
						creates("people/a", "Ada@contoso.com", mobileType, fromSecret), works(reconciles), c.change, waits(time.Minute))
					m.saysReady(t, "people/a", c.says)
				})
			})
		}
	}
}

// A finalizer that somebody takes off by hand is put back at once: without it the resource would leave
// its phone behind when it is deleted.
func TestAFinalizerThatIsTakenOffByHandIsPutBack(t *testing.T) {
	told(t, func(m *model) {
		m.take(creates("people/a", ada, mobileType, number(numberOne)), works(busy), waits(time.Minute),
			step{"somebody takes the finalizer off", func(m *model) {
				m.cluster.edit(keyFor("people/a"), func(o *pam) { o.Finalizers = nil })
			}}, works(busy))
		if f := m.cluster.pams[keyFor("people/a")].Finalizers; len(f) != 1 || f[0] != v1alpha1.Finalizer {
			t.Errorf("finalizers %v", f)
		}
		m.take(deletes("people/a"), works(busy))
		m.wants(t, "")
	})
}
