package phonemethod

import (
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/entraops/phone-operator/internal/graph"
)

// requeue decides when the user is reconciled again after a reconcile that began; Reconcile, when one that must not begin
// yet is tried again. mended is when the tenant may be usable again, where its being unusable is the error.
//
//	verdicts were reached       at the resync, low priority, or when a resource waits for something
//	throttled                   when Graph allows it; the tenant waits as a whole
//	Graph does not answer       when the circuit breaker says; the tenant waits as a whole
//	forbidden, no credential    slower and slower: an administrator must act
//	a resource or the tenant was changed meanwhile      at once
//	anything else               the queue backs off
func requeue(s snapshot, o outcome, mended time.Duration) (reconcile.Result, error) {
	failure, ofGraph := errors.AsType[*graph.Error](o.err)
	switch {
	case o.err == nil:
		return whenIdle(s, o), nil
	case onlyConflicts(o.err):
		return reconcile.Result{RequeueAfter: conflictRetry}, nil
	case !ofGraph:
		return reconcile.Result{}, o.err
	}
	switch failure.Kind {
	case graph.Throttled:
		// What the throttle says is spread already, a little more does no harm.
		return reconcile.Result{RequeueAfter: wait.Jitter(max(failure.RetryAfter, mended, conflictRetry), jitter)}, nil
	case graph.Restricted: // what is so does not change by asking
		return whenIdle(s, o), nil
	case graph.Forbidden, graph.TokenRefused, graph.CredentialFailed:
		return reconcile.Result{RequeueAfter: wait.Jitter(mended, jitter)}, nil
	case graph.Unavailable:
		if failure.Status == 0 && failure.RetryAfter > 0 { // of the circuit breaker, which spreads the users
			return reconcile.Result{RequeueAfter: failure.RetryAfter}, nil
		}
	case graph.Refused, graph.InvalidNumber, graph.NumberNotUnique, graph.NotFound, graph.Busy, graph.Unclear:
	}
	return reconcile.Result{}, o.err
}

// whenIdle is when a user is reconciled who needs nothing now.
func whenIdle(s snapshot, o outcome) reconcile.Result {
	low := handler.LowPriority
	switch {
	case o.early && s.due.driftCheck:
		return reconcile.Result{RequeueAfter: s.due.at.Sub(s.now), Priority: &low}
	case o.early:
		return reconcile.Result{RequeueAfter: s.due.at.Sub(s.now)}
	case o.after > 0:
		return reconcile.Result{RequeueAfter: o.after}
	case o.resync == 0:
		return reconcile.Result{} // an edit wakes the user, or the tenant does
	}
	return reconcile.Result{RequeueAfter: wait.Jitter(o.resync-time.Duration(jitter/2*float64(o.resync)), jitter), Priority: &low}
}
