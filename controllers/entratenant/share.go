package entratenant

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/patch"
)

// claim makes an EntraTenant this operator's, if it selects it and no other operator holds its Lease; o is then as the
// API server has it. Else it is as if there were none, and again says when to look again.
func (r *Reconciler) claim(ctx context.Context, o *v1alpha1.EntraTenant) (ours bool, again reconcile.Result, err error) {
	if !r.Share.Selects(o.Labels) {
		r.forget(o.Name)
		switch done, err := r.Share.LetGo(ctx, o.Name, false); {
		case err != nil:
			return false, reconcile.Result{}, err
		case !done:
			return false, reconcile.Result{RequeueAfter: drainPeriod}, nil
		}
		again, err := retryConflict(r.uncontest(ctx, o))
		return false, again, err
	}
	holder, taken, err := r.Share.Claim(ctx, o.Name)
	switch {
	case err != nil:
		return false, reconcile.Result{}, err
	case holder != "":
		r.forget(o.Name)
		again, err := retryConflict(r.contest(ctx, o, holder))
		if err == nil && again.RequeueAfter == 0 {
			again.RequeueAfter = retryShare
		}
		return false, again, err
	case !taken:
		return true, reconcile.Result{}, nil
	}
	log.FromContext(ctx).Info("works for the tenant from now on")
	// What the operator before wrote last may not be in the cache: the deletions that it counted.
	if err := r.Reader.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
		r.Share.Stop(o.Name) // it is taken anew at the next look
		return false, reconcile.Result{}, fmt.Errorf("get the EntraTenant as it is now: %w", err)
	}
	if meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionContested) != nil {
		r.contests.set(o.Name, true) // whoever said it holds the Lease now, or is gone
	}
	if err := r.uncontest(ctx, o); err != nil {
		r.Share.Stop(o.Name)
		again, err := retryConflict(err)
		return false, again, err
	}
	return true, reconcile.Result{}, nil
}

// forget drops all that is known of an EntraTenant, so that none of its users is worked for.
func (r *Reconciler) forget(name string) {
	r.written.forget(name)
	r.Tenants.Remove(name)
	r.probes.forget(name)
	r.doubts.forget(name)
}

// contests are the EntraTenants of which this operator says that another one holds them. The zero value has none.
type contests struct {
	mu   sync.Mutex
	said map[string]bool
}

func (c *contests) set(name string, said bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.said == nil {
		c.said = map[string]bool{}
	}
	if c.said[name] = said; !said {
		delete(c.said, name)
	}
}

func (c *contests) has(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.said[name]
}

// contest says, once, that an operator which selects an EntraTenant waits for another one that holds its Lease. The
// other conditions are the holder's.
func (r *Reconciler) contest(ctx context.Context, o *v1alpha1.EntraTenant, holder string) error {
	base, message := o.DeepCopy(), heldByAnother(holder, r.Share.Identity())
	if c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionContested); c != nil && (r.contests.has(o.Name) || c.Message == message) {
		r.contests.set(o.Name, true)
		return nil
	}
	conditions.Put(&o.Status.Conditions, v1alpha1.ConditionContested, conditions.True(v1alpha1.ReasonHeldByAnother, message), o.Generation)
	if err := r.Unheld.Status().Patch(ctx, o, patch.Optimistic(base)); err != nil {
		return fmt.Errorf("say of the EntraTenant that another operator holds it: %w", err)
	}
	r.contests.set(o.Name, true)
	log.FromContext(ctx).Info("another operator holds the tenant", "holder", holder)
	r.Events.Eventf(o, nil, corev1.EventTypeWarning, v1alpha1.ReasonHeldByAnother, "Reconcile", "%s", message)
	return nil
}

// uncontest takes back what contest said.
func (r *Reconciler) uncontest(ctx context.Context, o *v1alpha1.EntraTenant) error {
	if !r.contests.has(o.Name) {
		return nil
	}
	base := o.DeepCopy()
	if meta.RemoveStatusCondition(&o.Status.Conditions, v1alpha1.ConditionContested) {
		if err := r.Unheld.Status().Patch(ctx, o, patch.Optimistic(base)); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("take back that another operator holds the EntraTenant: %w", err)
		}
	}
	r.contests.set(o.Name, false)
	return nil
}

// moved passes the updates after which an EntraTenant is another operator's, or this one's.
func (r *Reconciler) moved() predicate.Predicate {
	return predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			return r.Share.Selects(e.ObjectOld.GetLabels()) != r.Share.Selects(e.ObjectNew.GetLabels())
		},
	}
}

// onLost looks at an EntraTenant whose Lease was lost.
func onLost() handler.TypedEventHandler[string, reconcile.Request] {
	return handler.TypedFuncs[string, reconcile.Request]{
		GenericFunc: func(_ context.Context, e event.TypedGenericEvent[string], q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			q.Add(reconcile.Request{NamespacedName: client.ObjectKey{Name: e.Object}})
		},
	}
}
