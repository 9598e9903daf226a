package preview

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/tenant"
)

// graphs are the tenants that are connected, and those of which a recording does not tell what is asked, with the reason.
type graphs struct {
	*tenant.Registry
	unrecorded map[string]string
}

// connectAll connects EntraTenants by their names.
func (c connector) connectAll(ctx context.Context, tenants map[string]*v1alpha1.EntraTenant) (graphs, error) {
	all := graphs{tenant.NewRegistry(), map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(tenants)) {
		t, err := c.connect(ctx, tenants[name], all.Registry)
		why, unrecorded := errors.AsType[notRecorded](err)
		switch {
		case unrecorded: // of the others the recording may tell
			all.unrecorded[name] = string(why)
		case err != nil:
			return graphs{}, err
		default:
			all.Put(t)
		}
	}
	return all, nil
}

// connect makes a tenant of an EntraTenant as the operator does, but to look only. What the operator says of it already,
// and what is wrong with its rules, is the tenant's problem; that the caller cannot sign in is an error.
func (c connector) connect(ctx context.Context, o *v1alpha1.EntraTenant, registry *tenant.Registry) (t *tenant.Tenant, err error) {
	// Whoever wrote the manifest, which may be anybody's pull request, would have the credential sent to where it says.
	rerouted := c.overlay.tenants[o.Name].rerouted
	switch {
	case rerouted && c.recorded != nil:
		return nil, notRecorded(fmt.Sprintf("A manifest says where and how EntraTenant %s signs in, other than the cluster did when the recording was made: "+
			"plan it without --offline.", o.Name))
	case c.recorded != nil && c.bringsCredential(o):
		return nil, notRecorded(fmt.Sprintf("A manifest has the credential of EntraTenant %s, of which a recording cannot say whether it signs in: "+
			"plan it without --offline, or without that manifest.", o.Name))
	case rerouted && !c.trust:
		return nil, fmt.Errorf("a manifest says where and how EntraTenant %s signs in, other than the cluster does; a credential would be sent there. "+
			"Read that manifest, then say --trust-tenants, or plan without it", o.Name)
	}
	t = &tenant.Tenant{Name: o.Name, Version: tenant.VersionOf(o), Spec: *o.Spec.DeepCopy()}
	t.Spec.Mode = v1alpha1.ModeObserve
	if t.Problem = c.saidProblem(o); t.Problem != nil {
		return t, nil
	}
	if t.Access, err = access.Compile(o.Spec.Access); err != nil {
		t.Problem = &tenant.Problem{Reason: v1alpha1.ReasonInvalidSpec, Message: fmt.Sprintf("spec.access cannot be used: %v.", err)}
		return t, nil
	}
	if c.recorded != nil {
		err = c.playBack(t)
	} else {
		err = c.reach(ctx, t, o, registry)
	}
	if t.Problem != nil || err != nil {
		return t, err
	}
	if _, err := t.Graph.Permissions(ctx); err != nil {
		return nil, fmt.Errorf("sign in to EntraTenant %s: %w", o.Name, err)
	}
	forget := func(context.Context, []v1alpha1.ProtectedUsersView) error { return nil }
	t.Views = tenant.NewViews(o.Status.ProtectedUsers, forget)
	t.Deletions = tenant.NewBudget(c.clock, o.Status.RecentDeletions, func(context.Context, []v1alpha1.DeletionCount) error { return nil })
	t.AuditLog, t.Inventory, t.Reads = tenant.NewAuditLog(o.Status.AuditLog, c.began), tenant.NewInventory(), tenant.NewReads()
	return t, nil
}

// bringsCredential reports whether a Secret of the manifests has an EntraTenant's credential.
func (c connector) bringsCredential(o *v1alpha1.EntraTenant) bool {
	ref := o.Spec.Credential.SecretReference()
	return ref != nil && c.overlay.secrets[client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}].is != nil
}

// saidProblem is why the operator does not work for an EntraTenant, if no manifest changes that.
func (c connector) saidProblem(o *v1alpha1.EntraTenant) *tenant.Problem {
	ready := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
	if c.overlay.tenants[o.Name].changed || ready == nil || ready.Status != metav1.ConditionFalse || ready.ObservedGeneration != o.Generation || ready.Reason == v1alpha1.ReasonInUse {
		return nil
	}
	return &tenant.Problem{Reason: ready.Reason, Message: ready.Message}
}
