package auditlog

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// Whoever asks for a read each second holds the registration report up, but not for ever, and Graph is not asked more often.
func TestARequestEachSecondDoesNotStarveTheReport(t *testing.T) {
	f := follow(t, granted...)
	var asked []time.Time
	reports, behind := 0, 0
	for second := range 600 {
		o := f.get()
		o.Annotations = map[string]string{v1alpha1.ReconcileRequestedAtAnnotation: fmt.Sprint(second)}
		must(t, f.Client.Update(t.Context(), o))
		f.graph.ResetRequests()
		result, err := f.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: "default"}})
		must(t, err)
		for _, r := range f.graph.Requests() {
			if strings.Contains(r.Path, "/reports/") || strings.Contains(r.Path, "/auditLogs/") {
				asked = append(asked, f.now())
			}
			if strings.Contains(r.Path, "/reports/") {
				reports++
				// What the annotation asks for comes right after it, and not at the next period.
				if result.RequeueAfter != nextRequest {
					behind++
				}
			}
		}
		f.passes(time.Second)
	}
	if reports == 0 {
		t.Error("in ten minutes the report was never asked for")
	}
	if behind > 0 {
		t.Errorf("after %d of %d pages of the report the log that an annotation asks for was left for later", behind, reports)
	}
	for i := 5; i < len(asked); i++ {
		if asked[i].Sub(asked[i-5]) < 10*time.Second {
			t.Fatalf("six requests in %v", asked[i].Sub(asked[i-5]))
		}
	}
}

// A log of several pages is read to its end before the report: it would be left for later in the middle.
func TestTheReportDoesNotHoldUpTheFurtherPagesOfTheLog(t *testing.T) {
	f := follow(t, granted...)
	f.passes(time.Minute)
	first, err := f.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: "default"}}) // the report is due from now on
	must(t, err)
	f.changes(bobID, "office", one)
	for range 600 {
		must(t, f.graph.SetPhone(adaID, "mobile", one))
		must(t, f.graph.RemovePhone(adaID, "mobile"))
	}
	o := f.get()
	o.Annotations = map[string]string{v1alpha1.ReconcileRequestedAtAnnotation: "now"}
	must(t, f.Client.Update(t.Context(), o))
	f.passes(first.RequeueAfter)
	began := f.now()
	users := f.reads()
	if !slices.Contains(users, bobID) || f.now().Sub(began) >= period {
		t.Errorf("after %v, %d are told, bob among them: %v", f.now().Sub(began), len(users), slices.Contains(users, bobID))
	}
}
