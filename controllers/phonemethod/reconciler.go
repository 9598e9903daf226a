package phonemethod

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/lease"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/tracing"
	"github.com/entraops/phone-operator/internal/user"
)

// Reconciler makes the phone methods of one user what the resources say.
type Reconciler struct {
	Client  client.Client
	Reader  client.Reader // not cached: Secrets are fetched when needed, never kept
	Events  events.EventRecorder
	Tenants *tenant.Registry
	Now     func() time.Time
	// Share says which tenants' users are reconciled here; nil: all.
	Share *tenant.Share
	// Doubt is told of a refusal by Graph that only the EntraTenant can mend: a permission that
	// is missing (Forbidden), a token that is not accepted (TokenRefused), or none (CredentialFailed). It does not block.
	Doubt func(tenant string, kind graph.Kind)

	memory
	queue workqueue.TypedRateLimitingInterface[user.Key]
}

// Reconcile reconciles one user. When ctx ends, no reconcile is begun any more, and one that runs
// has a moment to come to its end.
func (r *Reconciler) Reconcile(ctx context.Context, key user.Key) (reconcile.Result, error) {
	if err := ctx.Err(); err != nil {
		return reconcile.Result{}, err
	}
	done, err := r.beginOwn(ctx, key.Tenant)
	switch {
	case errors.Is(err, tenant.ErrNotOurs):
		return reconcile.Result{}, nil // its EntraTenant wakes the user if that changes
	case errors.Is(err, lease.ErrLapsed):
		return reconcile.Result{RequeueAfter: lease.RenewPeriod}, nil
	case err != nil:
		return reconcile.Result{}, err
	}
	defer done()
	ctx, end := outlive(ctx, shutdownGrace)
	defer end()
	s, err := r.gather(ctx, key)
	behind, isBehind := errors.AsType[behindError](err)
	switch {
	case isBehind:
		r.schedule.restore(key, s.due)
		return reconcile.Result{RequeueAfter: behind.retry()}, nil
	case err != nil || s.isEmpty():
		return reconcile.Result{}, err
	}
	ctx, endSpan := tracing.Begin(ctx, "reconcile user",
		attribute.String("tenant", key.Tenant), attribute.Int("methods", len(s.resources)), attribute.Bool("drift_check", !s.isUrgent()))
	s, o := r.reconcileUser(ctx, s)
	endSpan(failureOf(o.err))
	return r.requeueUser(ctx, s, o)
}

// failureOf names an error as traces do, which hold no names.
func failureOf(err error) string {
	switch kind := graph.KindOf(err); {
	case err == nil:
		return ""
	case onlyConflicts(err):
		return "conflict"
	case kind != "":
		return string(kind)
	}
	return "error"
}

// reconcileUser is the whole line. What is to be said of a resource is in its status when it
// returns; the error of the outcome is what kept the reconcile from verdicts.
func (r *Reconciler) reconcileUser(ctx context.Context, s snapshot) (_ snapshot, o outcome) {
	s, o = through(ctx, s, r.releaseUnmade, r.findTenant, r.authorize, r.setAside, r.skipIdle, chooseLookUp)
	if o.err != nil || s.isEmpty() {
		return s, o
	}
	ctx, ticket, rejected := r.admit(ctx, s)
	if ticket == nil {
		return s, o.and(rejected)
	}
	defer func() { ticket.Done(o.err) }()
	s, worked := through(ctx, s, r.resolve, r.authorizeByName, r.skipIdle, r.endLookUp, r.readNumbers, r.skipIdle, r.converge)
	return s, o.and(worked)
}

// wasCompared reports whether the reconcile read the user's phones and compared all of them, as a drift check does.
func (s snapshot) wasCompared(o outcome) bool {
	verdicts := o.err == nil && !o.early && o.resync > 0
	return verdicts && s.tenant != nil && s.key.Bound() && !s.lookUpOnly && !o.unsure
}

// requeueUser remembers when the user is due, and has the queue hand the user out then.
func (r *Reconciler) requeueUser(ctx context.Context, s snapshot, o outcome) (reconcile.Result, error) {
	var mended time.Duration // when the tenant may be usable again
	if failure, ok := errors.AsType[*graph.Error](o.err); ok && !onlyConflicts(o.err) {
		log.FromContext(ctx).V(1).Info("Graph kept the reconcile from a verdict", "answer", failure.Error())
		switch failure.Kind { //nolint:exhaustive // what the others need is in the outcome
		case graph.Throttled:
			mended = s.tenant.Throttle.Pause()
		case graph.Forbidden, graph.TokenRefused, graph.CredentialFailed:
			r.doubtTenant(s, failure)
			mended = r.countPermissionRefusal(s.key)
		}
	}
	if s.wasCompared(o) {
		s.tenant.Reads.Note(s.key.User, r.Now())
	}
	result, err := requeue(s, o, mended)
	if err == nil && result.RequeueAfter > 0 {
		r.schedule.expect(s.key, nextReconcile{at: s.now.Add(result.RequeueAfter), driftCheck: result.Priority != nil})
	}
	if o.aside > 0 {
		r.queue.AddAfter(s.key, o.aside)
	}
	return result, err
}
