package phonemethod

import (
	"context"
	"errors"
	"time"

	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/throttle"
	"github.com/entraops/phone-operator/internal/user"
)

// Reconciler makes the phone methods of one user what the resources say.
type Reconciler struct {
	Client  client.Client
	Reader  client.Reader // not cached: Secrets are fetched when needed, never kept
	Events  events.EventRecorder
	Tenants *tenant.Registry
	Now     func() time.Time
	// Doubt is told of a refusal by Graph that only the EntraTenant can mend: a permission that
	// is missing (Forbidden), or a token that is not accepted (TokenRefused). It does not block.
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
	ctx, end := outlive(ctx, shutdownGrace)
	defer end()
	s, err := r.gather(ctx, key)
	switch {
	case errors.Is(err, errBehind):
		r.schedule.restore(key, s.due)
		return reconcile.Result{RequeueAfter: staleCacheRetry}, nil
	case err != nil || s.isEmpty():
		return reconcile.Result{}, err
	}
	s, o := r.reconcileUser(ctx, s)
	return r.requeueUser(ctx, s, o)
}

// stage is one step of a reconcile. It returns the snapshot with what it found out, and with the
// resources that the next stage goes on with: without any, the reconcile is at its end.
type stage func(context.Context, snapshot) (snapshot, outcome)

// through goes through the stages until one fails or leaves no resource.
func through(ctx context.Context, s snapshot, stages ...stage) (snapshot, outcome) {
	var o outcome
	for _, next := range stages {
		if o.err != nil || s.isEmpty() {
			return s, o
		}
		var came outcome
		s, came = next(ctx, s)
		o = o.and(came)
	}
	return s, o
}

// reconcileUser is the whole line. What is to be said of a resource is in its status when it
// returns; the error of the outcome is what kept the reconcile from verdicts.
func (r *Reconciler) reconcileUser(ctx context.Context, s snapshot) (_ snapshot, o outcome) {
	s, o = through(ctx, s, r.releaseUnmade, r.findTenant, r.authorize, r.setAside, r.skipIdle)
	if o.err != nil || s.isEmpty() {
		return s, o
	}
	ctx, ticket, rejected := r.admit(ctx, s)
	if ticket == nil {
		return s, o.and(rejected)
	}
	defer func() { ticket.Done(o.err) }()
	s, worked := through(ctx, s, r.resolve, r.authorizeByName, r.skipIdle, r.readNumbers, r.skipIdle, r.converge)
	return s, o.and(worked)
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

// briefWait is how long a user may wait for the throttle without a word in the status. It is
// longer than the waits while a rate begins to rise: they would cost one more write of each
// resource.
const briefWait = 10 * time.Second

// admit has the throttle of the tenant admit this user, or returns no ticket and when to come
// back. A name that is only looked up needs no request below /authentication/.
func (r *Reconciler) admit(ctx context.Context, s snapshot) (context.Context, *throttle.Ticket, outcome) {
	priority, needs := throttle.High, []throttle.Class{throttle.Directory}
	if !s.mayBeUrgent() {
		priority = throttle.Low
	}
	if s.key.Bound() {
		needs = append(needs, throttle.Authentication)
	}
	admitted, ticket, err := s.tenant.Throttle.Admit(ctx, priority, needs...)
	rejected, ok := errors.AsType[*throttle.Rejected](err)
	if !ok {
		return admitted, ticket, outcome{err: err}
	}
	r.users.forget(s.key)
	if rejected.Reason == throttle.NoWorker || rejected.Reason == throttle.RateLimited && rejected.RetryAfter <= briefWait {
		return ctx, nil, outcome{after: rejected.RetryAfter}
	}
	_, o := r.concludeFailure(ctx, s, graph.NotAdmitted("begin", rejected), nil)
	return ctx, nil, o
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
			mended = r.permissionRetry(s.key)
		}
	}
	result, err := requeue(s, o, mended)
	if err == nil && result.RequeueAfter > 0 {
		r.schedule.expect(s.key, visit{s.now.Add(result.RequeueAfter), result.Priority != nil})
		if o.recalled && result.RequeueAfter > rulingTTL {
			o.aside = earliest(o.aside, rulingTTL)
		}
	}
	if o.aside > 0 {
		r.queue.AddAfter(s.key, o.aside)
	}
	return result, err
}

// doubtTenant has the EntraTenant looked at, if a refusal is for it to mend.
func (r *Reconciler) doubtTenant(s snapshot, e *graph.Error) {
	if r.Doubt != nil && (e.Kind == graph.TokenRefused || e.Kind == graph.Forbidden && e.Permission != "") {
		r.Doubt(s.tenant.Name, e.Kind)
	}
}
