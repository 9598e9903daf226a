package conditions_test

import (
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/plan"
)

// What holds of whatever is said: the API server takes it, kstatus can read it, and it
// shows no number.
func TestEverySet(t *testing.T) {
	digits := regexp.MustCompile(`[0-9]{5}`)
	uuid := regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	for _, s := range everything() {
		t.Run(s.of, func(t *testing.T) {
			var status v1alpha1.PhoneAuthenticationMethodStatus
			s.set.Apply(&status, 3)
			for _, err := range validation.ValidateConditions(status.Conditions, field.NewPath("status")) {
				t.Error(err)
			}
			for _, c := range status.Conditions {
				if digits.MatchString(uuid.ReplaceAllString(c.Message, "")) {
					t.Errorf("%s shows digits: %s", c.Type, c.Message)
				}
				if !strings.HasSuffix(c.Message, ".") && !strings.HasSuffix(c.Message, ")") {
					t.Errorf("%s is no sentence: %s", c.Type, c.Message)
				}
			}
			ready := meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady)
			stalled := meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionStalled)
			reconciling := meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReconciling)
			if n := count(ready, stalled, reconciling); len(status.Conditions) > 0 && n != 1 {
				t.Errorf("Ready %t, Stalled %t, Reconciling %t", ready, stalled, reconciling)
			}
		})
	}
}

func count(all ...bool) (n int) {
	for _, yes := range all {
		if yes {
			n++
		}
	}
	return n
}

func TestApply(t *testing.T) {
	synced := conditions.ForVerdict(subject(nil), plan.Verdict{Outcome: plan.Synced})
	pending := conditions.ForVerdict(subject(nil), plan.Verdict{Outcome: plan.Pending})
	failure := func(id string) conditions.Set {
		return conditions.ForFailure(&graph.Error{Kind: graph.Unavailable, RequestID: id}, false)
	}
	apply := func(sets ...conditions.Set) v1alpha1.PhoneAuthenticationMethodStatus {
		var status v1alpha1.PhoneAuthenticationMethodStatus
		for i, s := range sets {
			s.Apply(&status, int64(i+1))
		}
		return status
	}
	find := func(s v1alpha1.PhoneAuthenticationMethodStatus, name string) metav1.Condition {
		if c := meta.FindStatusCondition(s.Conditions, name); c != nil {
			return *c
		}
		return metav1.Condition{}
	}
	t.Run("the generation of Synced is the last that was carried through", func(t *testing.T) {
		s := apply(synced, pending)
		if got := find(s, v1alpha1.ConditionSynced).ObservedGeneration; got != 1 || s.ObservedGeneration != 2 {
			t.Errorf("Synced at generation %d, observed %d", got, s.ObservedGeneration)
		}
	})
	t.Run("what is unchanged is observed all the same", func(t *testing.T) {
		s := apply(synced, conditions.Unchanged())
		if got := find(s, v1alpha1.ConditionReady); got.Status != metav1.ConditionTrue || got.ObservedGeneration != 1 || s.ObservedGeneration != 2 {
			t.Errorf("%+v, observed %d", got, s.ObservedGeneration)
		}
	})
	t.Run("the request id is that of the first failure", func(t *testing.T) {
		if got := find(apply(failure("one"), failure("two")), v1alpha1.ConditionReady).Message; !strings.Contains(got, "one") || strings.Contains(got, "two") {
			t.Error(got)
		}
	})
	t.Run("the request id is that of the first failure since it was well", func(t *testing.T) {
		if got := find(apply(failure("one"), synced, failure("two")), v1alpha1.ConditionReady).Message; !strings.Contains(got, "two") {
			t.Error(got)
		}
	})
	t.Run("to suspend leaves what was known", func(t *testing.T) {
		s := apply(synced)
		conditions.Suspend(&s, 2, true)
		if find(s, v1alpha1.ConditionReady).Status != metav1.ConditionTrue || find(s, v1alpha1.ConditionSuspended).Status != metav1.ConditionTrue || s.ObservedGeneration != 2 {
			t.Errorf("%+v", s)
		}
	})
	for permitted, want := range map[bool]string{true: "", false: v1alpha1.ReasonNotPermitted} {
		t.Run("to suspend takes a refusal off that does not hold any more", func(t *testing.T) {
			s := apply(conditions.NotPermitted(0))
			conditions.Suspend(&s, 2, permitted)
			if got := find(s, v1alpha1.ConditionReady).Reason; got != want {
				t.Errorf("permitted %t: %q", permitted, got)
			}
		})
	}
}
