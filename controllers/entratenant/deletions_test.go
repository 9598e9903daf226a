package entratenant

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/tenant"
)

// savedTenant is an EntraTenant with a status, in an API server that is not real.
func savedTenant(status v1alpha1.EntraTenantStatus) (client.Client, func() v1alpha1.EntraTenantStatus) {
	scheme := runtime.NewScheme()
	must(v1alpha1.AddToScheme(scheme))
	o := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: "default"}, Status: status}
	c := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(o).WithObjects(o).Build()
	return c, func() v1alpha1.EntraTenantStatus {
		must(c.Get(context.Background(), client.ObjectKeyFromObject(o), o))
		return o.Status
	}
}

// ofAda is a deletion.
var ofAda = tenant.Deletion{Namespace: "people", UserID: "ada", Type: phone.Mobile}

func budgetOf(c client.Client, now time.Time, counts []v1alpha1.DeletionCount) *tenant.Budget {
	r := &Reconciler{Client: c}
	return tenant.NewBudget(func() time.Time { return now }, counts, func(ctx context.Context, counts []v1alpha1.DeletionCount) error {
		return r.saveDeletions(ctx, "default", counts)
	})
}

func TestASavedDeletionChangesNothingElseOfTheStatus(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	status := v1alpha1.EntraTenantStatus{
		ObservedGeneration: 3, Users: 5, PendingChanges: 2, Methods: v1alpha1.MethodCounts{Total: 7, Ready: 4, Stalled: 1},
		Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady}},
	}
	c, stored := savedTenant(status)
	ok, err := budgetOf(c, now, nil).Take(t.Context(), 1, ofAda)
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	want := status
	want.RecentDeletions = []v1alpha1.DeletionCount{{Minute: metav1.NewTime(now.Truncate(time.Minute)), Namespace: "people", Count: 1}}
	if diff := cmp.Diff(want, stored()); diff != "" {
		t.Error(diff)
	}
}

func TestADeletionThatWasGivenBackIsGivenBackAfterARestartToo(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c, stored := savedTenant(v1alpha1.EntraTenantStatus{})
	b := budgetOf(c, now, nil)
	if ok, err := b.Take(t.Context(), 1, ofAda); !ok || err != nil {
		t.Fatal(ok, err)
	}
	must(b.Return(t.Context(), ofAda))
	if ok, err := budgetOf(c, now, stored().RecentDeletions).Take(t.Context(), 1, ofAda); !ok || err != nil {
		t.Errorf("the next operator may delete: %v, %v", ok, err)
	}
}

// What is in memory counts: an edit of somebody else's, or the status that another
// part of the operator wrote meanwhile, is no reason not to delete.
func TestADeletionIsSavedThoughTheEntraTenantWasJustChanged(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c, stored := savedTenant(v1alpha1.EntraTenantStatus{})
	b := budgetOf(c, now, nil)
	for n := int32(1); n <= 3; n++ {
		o := &v1alpha1.EntraTenant{}
		must(c.Get(t.Context(), client.ObjectKey{Name: "default"}, o))
		o.Spec.ClientID, o.Status.Users = "changed", n
		must(c.Update(t.Context(), o))
		must(c.Get(t.Context(), client.ObjectKey{Name: "default"}, o))
		o.Status.Users = n
		must(c.Status().Update(t.Context(), o))
		if ok, err := b.Take(t.Context(), 3, ofAda); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if got := stored(); got.Users != n || len(got.RecentDeletions) != 1 || got.RecentDeletions[0].Count != n {
			t.Errorf("after %d deletions: %+v", n, got)
		}
	}
}
