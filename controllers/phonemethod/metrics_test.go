package phonemethod

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/metrics"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/user"
)

// measured is what metrics counted for the model's tenant.
type measured struct{ ready, corrected, reported int }

func measuredNow() measured {
	var readings dto.Metric
	must(metrics.TimeToReady.WithLabelValues(v1alpha1.DefaultTenantName).(prometheus.Metric).Write(&readings))
	drift := func(outcome string) int {
		return int(testutil.ToFloat64(metrics.DriftFound.WithLabelValues(v1alpha1.DefaultTenantName, outcome)))
	}
	return measured{int(readings.GetHistogram().GetSampleCount()), drift("corrected"), drift("reported")}
}

// The time to Ready is that of changes: one that was registered, adopted or edited counts once, and
// neither drift nor a resync does.
func TestMetrics_TimeToReadyAndDrift(t *testing.T) {
	const a = "people/a"
	ready := []step{creates(a, ada, mobileType, number(numberOne)), waits(time.Minute)}
	for name, c := range map[string]struct {
		steps []step
		want  measured
	}{
		"a phone is registered":       {ready, measured{ready: 1}},
		"a phone that exists":         {[]step{setsByHand(ada, mobileType, numberOne), creates(a, ada, mobileType, number(numberOne)), waits(time.Minute)}, measured{ready: 1}},
		"the number is edited":        {append(ready[:2:2], edits(a, number(numberTwo)), waits(time.Minute)), measured{ready: 2}},
		"nothing happens for a day":   {append(ready[:2:2], waits(24*time.Hour)), measured{ready: 1}},
		"somebody changes the phone":  {append(ready[:2:2], setsByHand(ada, mobileType, numberTwo), waits(3*time.Hour)), measured{ready: 1, corrected: 1}},
		"the same, and it is to stay": {append(ready[:2:2], edits(a, drifting(v1alpha1.DriftReport)), waits(time.Minute), setsByHand(ada, mobileType, numberTwo), waits(3*time.Hour)), measured{ready: 1, reported: 1}},
		"a phone that is somebody's":  {[]step{setsByHand(ada, mobileType, numberTwo), creates(a, ada, mobileType, number(numberOne)), waits(time.Minute)}, measured{}},
		"its Secret changes after two days": {[]step{
			secretSays("people", numberOne), creates(a, ada, mobileType, fromSecret), waits(48 * time.Hour), secretSays("people", numberTwo), waits(time.Minute),
		}, measured{ready: 1}},
		"a rival inherits after two days": {append(ready[:2:2],
			creates("people/b", ada, mobileType, number(numberTwo)), waits(48*time.Hour), deletes(a), waits(10*time.Minute)), measured{ready: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			before := measuredNow()
			told(t, func(m *model) { m.take(append([]step{waits(10 * time.Minute)}, c.steps...)...) })
			after := measuredNow()
			got := measured{after.ready - before.ready, after.corrected - before.corrected, after.reported - before.reported}
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(measured{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A resource may be edited months after it was created.
func TestMetrics_AnEditedResourceWaitsFromItsEditOn(t *testing.T) {
	edited := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	o := aResource("a", "ada@contoso.com", having(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady))
	o.CreationTimestamp = metav1.NewTime(edited.AddDate(0, -2, 0))
	o.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl", Time: &metav1.Time{Time: edited}, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{}}`)}}
	r := &Reconciler{Now: func() time.Time { return edited.Add(3 * time.Second) }}
	r.measureReady(snapshot{key: user.Key{Tenant: t.Name()}}, resource{object: o, Claim: plan.Claim{Edited: true}}, resource{object: o, carriedOut: true})
	var readings dto.Metric
	must(metrics.TimeToReady.WithLabelValues(t.Name()).(prometheus.Metric).Write(&readings))
	if sum := readings.GetHistogram().GetSampleSum(); sum != 3 {
		t.Errorf("it took %v s, want 3", sum)
	}
	metrics.TimeToReady.DeleteLabelValues(t.Name())
}
