package preview

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/controllers/phonemethod"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/index"
	"github.com/entraops/phone-operator/internal/throttle"
	"github.com/entraops/phone-operator/internal/user"
)

// reconcileAll has the reconciler look at each user of a manifest.
func (r *run) reconcileAll(ctx context.Context) error {
	reconciler := &phonemethod.Reconciler{
		Client: r.cluster, Reader: r.cluster, Events: silent{}, Tenants: r.registry,
		Now: func() time.Time { return r.clock().Add(lasting) },
	}
	reconciler.WithoutManager(r.queue)
	for _, key := range r.asked {
		r.queue.Add(user.KeyOf(r.methods[key]))
	}
	for _, key := range r.prunable {
		if before := r.before[key]; before != nil {
			r.queue.Add(user.KeyOf(before))
		}
	}
	for done := 0; ; {
		if r.Progress != nil {
			r.Progress(done, done+len(r.queue.waiting))
		}
		key, ok := r.queue.next()
		if !ok {
			return nil
		}
		waiting := len(r.queue.waiting)
		if err := r.reconcile(ctx, reconciler, key); err != nil {
			return err
		}
		if len(r.queue.waiting) <= waiting { // else a name was looked up, and its user waits
			done++
		}
	}
}

const (
	// attempts is how often a user is looked at whom Graph is too busy for.
	attempts = 10
	// longestWait is for one attempt.
	longestWait = 5 * time.Minute
)

func (r *run) reconcile(ctx context.Context, reconciler *phonemethod.Reconciler, key user.Key) error {
	for attempt := 1; ; attempt++ {
		if err := r.awaitTurn(ctx, key.Tenant); err != nil {
			return err
		}
		waiting := len(r.queue.waiting)
		result, err := reconciler.Reconcile(ctx, key)
		if _, ofGraph := errors.AsType[*graph.Error](err); err != nil && !ofGraph { // of Graph's the resources tell
			return fmt.Errorf("look at user %s: %w", key.User, err)
		}
		if attempt == attempts || len(r.queue.waiting) > waiting || !r.isThrottled(key) {
			return ctx.Err()
		}
		if err := Wait(ctx, min(result.RequeueAfter, longestWait)); err != nil {
			return err
		}
	}
}

// awaitTurn waits until a tenant admits a reconcile, as the operator's users wait in its queue.
func (r *run) awaitTurn(ctx context.Context, name string) error {
	t, ok := r.registry.Get(name)
	if !ok || t.Problem != nil {
		return nil
	}
	_, ticket, err := admit(ctx, t, throttle.High, throttle.Directory, throttle.Authentication)
	if _, open := errors.AsType[*throttle.Rejected](err); open { // Graph does not answer: the resources say so
		return nil
	}
	if err != nil {
		return err
	}
	ticket.Done(nil)
	return nil
}

func (r *run) isThrottled(key user.Key) bool {
	for of := range r.indexed[index.User+" "+key.String()] {
		ready := meta.FindStatusCondition(r.methods[of].Status.Conditions, v1alpha1.ConditionReady)
		if ready != nil && ready.Reason == v1alpha1.ReasonThrottled {
			return true
		}
	}
	return false
}

// silent records no events.
type silent struct{}

// Eventf drops an event.
func (silent) Eventf(runtime.Object, runtime.Object, string, string, string, string, ...any) {}
