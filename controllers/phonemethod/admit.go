package phonemethod

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/metrics"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/throttle"
)

// releaseUnmade is the stage that releases the terminating resources that need neither the tenant
// nor Graph.
func (r *Reconciler) releaseUnmade(ctx context.Context, s snapshot) (snapshot, outcome) {
	var o outcome
	var rest []resource
	for _, c := range s.resources {
		if c.isReleasable() {
			o = o.and(r.release(ctx, c))
		} else {
			rest = append(rest, c)
		}
	}
	return s.with(rest), o
}

// findTenant is the stage that finds the tenant, or says of every resource why it cannot be used.
// The phone of a terminating resource cannot be deleted then, and deletionPolicy Orphan releases it
// all the same. An EntraTenant that is not connected yet wakes its users when it is.
func (r *Reconciler) findTenant(ctx context.Context, s snapshot) (snapshot, outcome) {
	t, problem := r.usableTenant(ctx, s.key.Tenant)
	switch {
	case problem != nil:
		return r.conclude(ctx, s, func(c resource) statement {
			try := c.untilNextTry(s.now)
			if c.Terminating {
				try = 0
			}
			return c.says(conditions.TenantNotUsable(s.key.Tenant, problem.Reason, problem.Message, c.Terminating, try > 0)).soon(try)
		})
	case t == nil:
		return s.with(nil), outcome{}
	}
	s.tenant = t
	return s, outcome{}
}

// usableTenant returns the tenant of a name, or what keeps its users from using it. Neither: it is
// not connected yet.
func (r *Reconciler) usableTenant(ctx context.Context, name string) (*tenant.Tenant, *tenant.Problem) {
	if t, ok := r.Tenants.Get(name); ok {
		return t, t.Problem
	}
	if err := r.Client.Get(ctx, client.ObjectKey{Name: name}, &v1alpha1.EntraTenant{}); apierrors.IsNotFound(err) {
		return nil, &tenant.Problem{Reason: v1alpha1.ReasonTenantNotFound, Message: conditions.TenantNotFound(name)}
	}
	return nil, nil
}

// skipIdle is the stage that ends a reconcile in which there is nothing to do: all resources are
// suspended, or what there is to do is not due yet.
func (r *Reconciler) skipIdle(ctx context.Context, s snapshot) (snapshot, outcome) {
	if s.allSuspended() {
		u, o := r.publishVerdicts(ctx, phones{snapshot: s}, plan.Compute(s.claims(), nil))
		return u.with(nil), o
	}
	if s.isEarly() {
		return s.with(nil), outcome{early: true}
	}
	return s, outcome{}
}

// chooseLookUp is the stage that decides whether the user's phones need not be read.
func chooseLookUp(_ context.Context, s snapshot) (snapshot, outcome) {
	s.lookUpOnly = s.needsLookUpOnly()
	return s, outcome{}
}

// endLookUp is the stage that ends a reconcile in which the user's phones need not be read. Where the
// look-up found something, another one follows that reads them.
func (r *Reconciler) endLookUp(_ context.Context, s snapshot) (snapshot, outcome) {
	if !s.lookUpOnly {
		return s, outcome{}
	}
	if !s.needsLookUpOnly() {
		r.handOver(s.key)
	}
	return s.with(nil), outcome{resync: s.resyncPeriod()}
}

// briefWait is how long a user may wait for the throttle without a word in the status. It is
// longer than the waits while a rate begins to rise: they would cost one more write of each
// resource.
const briefWait = 10 * time.Second

// admit has the throttle of the tenant admit this user, or returns no ticket and when to come
// back. A user who is only looked up needs no request below /authentication/.
func (r *Reconciler) admit(ctx context.Context, s snapshot) (context.Context, *throttle.Ticket, outcome) {
	priority, needs := throttle.High, []throttle.Class{throttle.Directory}
	if !s.mayBeUrgent() {
		priority = throttle.Low
	}
	if s.key.Bound() && !s.lookUpOnly {
		needs = append(needs, throttle.Authentication)
	}
	admitted, ticket, err := s.tenant.Throttle.Admit(ctx, priority, needs...)
	rejected, ok := errors.AsType[*throttle.Rejected](err)
	if !ok {
		return admitted, ticket, outcome{err: err}
	}
	metrics.MeasureDelay(s.tenant.Name, err)
	r.users.forget(s.key)
	if rejected.Reason == throttle.NoWorker || rejected.Reason == throttle.RateLimited && rejected.RetryAfter <= briefWait {
		for _, c := range s.resources {
			if c.newSecret { // still to be read
				r.secrets.add(c.object.UID)
			}
		}
		return ctx, nil, outcome{after: rejected.RetryAfter}
	}
	_, o := r.concludeFailure(ctx, s, graph.NotAdmitted("begin", rejected), nil)
	return ctx, nil, o
}
