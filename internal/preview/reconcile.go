package preview

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/controllers/phonemethod"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/throttle"
	"github.com/entraops/phone-operator/internal/user"
)

// lasting is added to the time, so that what the operator waits for while a resource is new is over.
const lasting = 5 * time.Minute

// reconcileAll has the reconciler look at users, and leave in the cluster in memory what it has to say.
func (g graphs) reconcileAll(ctx context.Context, c *cluster, users []user.Key, clock func() time.Time, progress func(done, all int)) error {
	r := reconciling{graphs: g, cluster: c, queue: &queue{}, reconciler: &phonemethod.Reconciler{
		Client: c, Reader: c, Events: silent{}, Tenants: g.Registry, Now: func() time.Time { return clock().Add(lasting) },
	}}
	r.reconciler.WithoutManager(r.queue)
	for _, key := range users {
		if _, unrecorded := g.unrecorded[key.Tenant]; !unrecorded {
			r.queue.Add(key)
		}
	}
	for done := 0; ; {
		if progress != nil {
			progress(done, done+len(r.queue.waiting))
		}
		key, ok := r.queue.next()
		if !ok {
			return nil
		}
		waiting := len(r.queue.waiting)
		if err := r.reconcile(ctx, key); err != nil {
			return err
		}
		if len(r.queue.waiting) <= waiting { // else a name was looked up, and its user waits
			done++
		}
	}
}

type reconciling struct {
	graphs
	cluster    *cluster
	queue      *queue
	reconciler *phonemethod.Reconciler
}

const (
	// attempts is how often a user is looked at whom Graph is too busy for.
	attempts = 10
	// longestWait is for one attempt.
	longestWait = 5 * time.Minute
)

func (r reconciling) reconcile(ctx context.Context, key user.Key) error {
	for attempt := 1; ; attempt++ {
		if err := r.awaitTurn(ctx, key.Tenant); err != nil {
			return err
		}
		waiting := len(r.queue.waiting)
		result, err := r.reconciler.Reconcile(ctx, key)
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
func (g graphs) awaitTurn(ctx context.Context, name string) error {
	t, ok := g.Get(name)
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

func (r reconciling) isThrottled(key user.Key) bool {
	return slices.ContainsFunc(r.cluster.ofUser(key), func(o *method) bool {
		ready := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
		return ready != nil && ready.Reason == v1alpha1.ReasonThrottled
	})
}

// silent records no events.
type silent struct{}

// Eventf drops an event.
func (silent) Eventf(runtime.Object, runtime.Object, string, string, string, string, ...any) {}
