package entratenant

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/tenant"
)

// retryClaim is how soon an EntraTenant looks again whether the one before it has given up
// their tenantID.
const retryClaim = time.Second

// sameTenant returns the EntraTenants that exist for o's tenantID, o among them: the oldest
// first, then the first by name.
func (r *Reconciler) sameTenant(ctx context.Context, o *v1alpha1.EntraTenant) ([]v1alpha1.EntraTenant, error) {
	var all v1alpha1.EntraTenantList
	if err := r.Client.List(ctx, &all); err != nil {
		return nil, fmt.Errorf("list the EntraTenants: %w", err)
	}
	same := slices.DeleteFunc(all.Items, func(other v1alpha1.EntraTenant) bool { return other.Spec.TenantGUID() != o.Spec.TenantGUID() })
	slices.SortFunc(same, func(a, b v1alpha1.EntraTenant) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return same, nil
}

// rival returns the problem of an EntraTenant whose tenantID another one speaks for; nil if
// it is o that does. Two sets of rules, budgets and credentials for one tenant are never
// used at once: the first of them waits until no other is used, and until none says any
// more that it is Ready, as an operator before this one may have left it.
func (r *Reconciler) rival(ctx context.Context, o *v1alpha1.EntraTenant) (*tenant.Problem, error) {
	same, err := r.sameTenant(ctx, o)
	if err != nil {
		return nil, err
	}
	conflict := func(with string, passing bool) *tenant.Problem {
		return &tenant.Problem{Reason: v1alpha1.ReasonConflict, Passing: passing, Message: fmt.Sprintf(
			"EntraTenant %q already speaks for this tenantID: delete one of the two.", with)}
	}
	if len(same) > 0 && same[0].Name != o.Name {
		return conflict(same[0].Name, false), nil
	}
	names := make([]string, len(same))
	for i := range same {
		names[i] = same[i].Name
		if same[i].Name != o.Name && meta.IsStatusConditionTrue(same[i].Status.Conditions, v1alpha1.ConditionReady) {
			return conflict(same[i].Name, true), nil
		}
	}
	if speaker := r.Tenants.Claim(o.Spec.TenantGUID(), o.Name, names); speaker != o.Name {
		return conflict(speaker, true), nil
	}
	return nil, nil
}

// others are the EntraTenants that speak for a tenantID with o, or after it.
func (r *Reconciler) others(ctx context.Context, o client.Object) []reconcile.Request {
	same, err := r.sameTenant(ctx, o.(*v1alpha1.EntraTenant))
	if err != nil {
		return nil // the cache is stopping
	}
	var requests []reconcile.Request
	for i := range same {
		if same[i].Name != o.GetName() {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&same[i])})
		}
	}
	return requests
}
