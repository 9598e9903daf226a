package controllers

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/tenant"
)

// reach returns the tenant of the pass, or the problem that keeps everybody from
// using it. Neither: the EntraTenant is there and its own controller has not
// been at it yet.
func (p *pass) reach(ctx context.Context) (*tenant.Tenant, *tenant.Problem) {
	t, ok := p.Tenants.Get(p.key.Tenant)
	if ok {
		return t, t.Problem
	}
	err := p.Client.Get(ctx, client.ObjectKey{Name: p.key.Tenant}, &v1alpha1.EntraTenant{})
	if apierrors.IsNotFound(err) {
		return nil, &tenant.Problem{
			Reason:  v1alpha1.ReasonTenantNotFound,
			Message: conditions.TenantNotFound(p.key.Tenant),
		}
	}
	return nil, nil
}

// reportTenant says of every claim that its tenant cannot be used. The phone of
// a resource that leaves cannot be deleted then; who does not mind says Orphan.
func (p *pass) reportTenant(ctx context.Context, problem tenant.Problem) error {
	return p.reportEach(ctx, func(c *claim) conditions.Set {
		young := !c.Leaving && p.young(c)
		return conditions.TenantNotUsable(p.key.Tenant, problem.Reason, problem.Message, c.Leaving, young)
	})
}

// releaseUnmade lets those resources go that leave and have nothing in Graph to
// take along, or leave it behind: that needs neither the tenant nor Graph.
func (p *pass) releaseUnmade(ctx context.Context) {
	var rest []*claim
	for _, c := range p.claims {
		behind := !c.Holder && c.Creating == "" && c.object.Status.PendingWrite == nil || c.object.Spec.DeletionPolicyOrDefault() == v1alpha1.DeletionOrphan || c.Suspended
		if !c.Leaving || !behind {
			rest = append(rest, c)
			continue
		}
		p.letGo(ctx, c)
	}
	p.claims = rest
}

// letGo releases a resource that counts for nothing any more. If the API server does
// not take that, it is tried again. Neither are the others held up, nor is anything asked
// of Graph for them: whoever edits such a resource without pause would make it so.
func (p *pass) letGo(ctx context.Context, c *claim) {
	switch err := p.release(ctx, c); {
	case err == nil:
	case onlyConflicts(err):
		p.queue.AddAfter(p.key, retryConflict)
	default:
		log.FromContext(ctx).Info("could not take the finalizer off a resource", "resource", c.Ref, "answer", reasonOf(err))
		p.queue.AddAfter(p.key, p.unwritable.retry(c.object.UID))
	}
}
