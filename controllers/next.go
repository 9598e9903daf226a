package controllers

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/entraops/phone-operator/internal/graph"
)

// When to look again.
const (
	// retryTenant is for what an administrator must mend: a permission, a credential. The
	// first look is after firstLook, for a refusal may be of one request, and each other
	// twice as late, up to this.
	retryTenant = 5 * time.Minute
	// retryConflict is for a resource or a tenant that was changed by somebody else
	// meanwhile: the cache is a moment behind.
	retryConflict = 100 * time.Millisecond
	// retryBehind is for a cache that is behind our own last write, found out before
	// Graph was asked anything.
	retryBehind = 10 * time.Millisecond
	// firstLook is the first of the looks that back off while a resource waits for
	// something to happen in Graph.
	firstLook = 5 * time.Second
	// jitter spreads looks that would fall together.
	jitter = 0.2
)

// next decides when the user is looked at again. It alone knows the queue.
//
//	the pass came to verdicts   at the resync, low priority, or when the pass asked for it
//	throttled                   when Graph allows it; the tenant waits as a whole
//	Graph does not answer       when the circuit breaker says; the tenant waits as a whole
//	forbidden, no credential    slower and slower: an administrator must act
//	a resource or the tenant was changed meanwhile      at once
//	anything else               the queue backs off
func (p *pass) next(ctx context.Context, err error) (reconcile.Result, error) {
	var failure *graph.Error
	switch {
	case err == nil:
		return p.rest(), nil
	case onlyConflicts(err):
		return reconcile.Result{RequeueAfter: retryConflict}, nil
	case errors.As(err, &failure):
		log.FromContext(ctx).V(1).Info("Graph kept the pass from a verdict", "answer", failure.Error())
		switch failure.Kind {
		case graph.Throttled:
			// What the throttle says is spread already, a little more does no harm.
			return reconcile.Result{RequeueAfter: wait.Jitter(max(failure.RetryAfter, p.tenant.Throttle.Pause(), retryConflict), jitter)}, nil
		case graph.Restricted: // what is so does not change by asking
			return p.rest(), nil
		case graph.Forbidden, graph.TokenRefused, graph.CredentialFailed:
			p.doubtTenant(failure)
			return reconcile.Result{RequeueAfter: wait.Jitter(p.mended(), jitter)}, nil
		case graph.Unavailable:
			if failure.Status == 0 && failure.RetryAfter > 0 { // of the circuit breaker, which spreads the users
				return reconcile.Result{RequeueAfter: failure.RetryAfter}, nil
			}
		case graph.Refused, graph.InvalidNumber, graph.NumberNotUnique, graph.NotFound, graph.Busy, graph.Unclear:
		}
	}
	return reconcile.Result{}, err
}

// mended is when a refusal of this user's may have been mended. A refusal is forgotten
// when the look that it asked for was long ago.
func (p *pass) mended() time.Duration {
	d := firstLook
	if last, ok := p.refusals.Get(p.key); ok {
		d = min(2*last.(time.Duration), retryTenant)
	}
	p.refusals.Set(p.key, d, 2*d)
	return d
}

// rest is when a user is looked at who needs nothing now.
func (p *pass) rest() reconcile.Result {
	switch {
	case p.early:
		result := reconcile.Result{RequeueAfter: p.due.at.Sub(p.now)}
		if low := handler.LowPriority; p.due.rest {
			result.Priority = &low
		}
		return result
	case p.look > 0:
		return reconcile.Result{RequeueAfter: p.look}
	case p.tenant == nil || p.allSuspended() && !p.renamable:
		return reconcile.Result{} // an edit wakes the user, or the tenant does
	}
	low := handler.LowPriority
	period := p.tenant.Spec.ResyncPeriodOrDefault()
	after := wait.Jitter(period-time.Duration(jitter/2*float64(period)), jitter)
	return reconcile.Result{RequeueAfter: after, Priority: &low}
}

// onlyConflicts says whether err is nothing but what came second.
func onlyConflicts(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			if !onlyConflicts(e) {
				return false
			}
		}
		return true
	}
	return apierrors.IsConflict(err) || errors.Is(err, errBehind) ||
		errors.Is(err, errTenantChanged) || errors.Is(err, errResourceChanged)
}
