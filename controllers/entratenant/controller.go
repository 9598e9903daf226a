package entratenant

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/index"
	"github.com/entraops/phone-operator/internal/patch"
	"github.com/entraops/phone-operator/internal/tenant"
)

// +kubebuilder:rbac:groups=identity.entraops.dev,resources=entratenants,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=identity.entraops.dev,resources=entratenants/status,verbs=patch

// SetupWithManager adds the controller.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	if err := metrics.Registry.Register(gauges{r.Client, r.Tenants}); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("entratenant").
		For(&v1alpha1.EntraTenant{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, viewsChanged(), r.moved()))).
		// Another one of the same tenantID may have to take its place.
		Watches(&v1alpha1.EntraTenant{}, handler.EnqueueRequestsFromMapFunc(r.others), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.EntraTenant{}, r.onEdit()).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.tenantsOfSecret), builder.OnlyMetadata).
		Watches(&v1alpha1.PhoneAuthenticationMethod{}, r.countLater()).
		WatchesRawSource(source.TypedChannel(r.Doubted, r.onDoubt())).
		WatchesRawSource(source.TypedChannel(r.Lost, onLost())).
		WithOptions(controller.Options{MaxConcurrentReconciles: tenantWorkers}).
		Complete(r)
}

// Reconcile connects one tenant, tries the connection, and reports.
func (r *Reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	var o v1alpha1.EntraTenant
	err := r.Client.Get(ctx, req.NamespacedName, &o)
	if apierrors.IsNotFound(err) {
		r.forget(req.Name)
		if done, err := r.Share.LetGo(ctx, req.Name, true); err != nil || !done {
			return reconcile.Result{RequeueAfter: drainPeriod}, err
		}
		return reconcile.Result{}, r.wakeUsers(ctx, req.Name)
	}
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("get the EntraTenant: %w", err)
	}
	if r.written.isBehind(&o) { // else what was just written would be taken for what is there
		return reconcile.Result{RequeueAfter: conflictRetry}, nil
	}
	if ours, again, err := r.claim(ctx, &o); err != nil || !ours {
		return again, err
	}
	r.Tenants.Expect(o.Name, tenant.VersionOf(&o))
	count, err := r.count(ctx, o.Name)
	if err != nil {
		return reconcile.Result{}, err
	}
	if !o.DeletionTimestamp.IsZero() && count.Methods.Total == 0 {
		return reconcile.Result{}, r.removeFinalizer(ctx, &o)
	}
	if err := r.ensureFinalizer(ctx, &o); err != nil {
		return retryConflict(err)
	}
	if err := r.renewWanted(ctx, o.Name); err != nil {
		return reconcile.Result{}, err
	}
	found, err := r.connect(ctx, &o)
	switch {
	case errors.Is(err, errOutdated):
		return reconcile.Result{}, nil // the edit has put it in the queue again
	case err != nil && found.ready.Reason != "":
		return reconcile.Result{}, errors.Join(err, r.report(ctx, &o, found, count))
	case err != nil:
		return reconcile.Result{}, err
	}
	if err := r.report(ctx, &o, found, count); err != nil {
		return retryConflict(err)
	}
	if t, ok := r.Tenants.Last(o.Name); ok && t.Deletions != nil {
		if err := t.Deletions.SaveExact(ctx); err != nil {
			return reconcile.Result{}, err
		}
	}
	after := probePeriod
	switch {
	case found.ready.Reason == v1alpha1.ReasonConflict && found.progress == conditions.InProgress:
		return reconcile.Result{RequeueAfter: retryClaim}, nil
	case found.ready.Reason == v1alpha1.ReasonConflict:
		r.Tenants.Yield(o.Spec.TenantGUID(), o.Name) // only now that its status does not say Ready
	}
	if found.progress != conditions.Current {
		after = retryProbe
	}
	if _, missing := r.doubts.wants(o.Name, r.Now()); missing {
		after = min(after, grantPeriod)
	}
	return reconcile.Result{RequeueAfter: wait.Jitter(after, jitter)}, nil
}

func (r *Reconciler) ensureFinalizer(ctx context.Context, o *v1alpha1.EntraTenant) error {
	base := o.DeepCopy()
	if !o.DeletionTimestamp.IsZero() || !controllerutil.AddFinalizer(o, v1alpha1.Finalizer) {
		return nil
	}
	if err := r.Client.Patch(ctx, o, patch.Optimistic(base)); err != nil {
		return fmt.Errorf("put the finalizer on the EntraTenant: %w", err)
	}
	return nil
}

// removeFinalizer ends a tenant that nobody uses any more.
func (r *Reconciler) removeFinalizer(ctx context.Context, o *v1alpha1.EntraTenant) error {
	r.Tenants.Remove(o.Name)
	base := o.DeepCopy()
	if !controllerutil.RemoveFinalizer(o, v1alpha1.Finalizer) {
		return nil
	}
	err := r.Client.Patch(ctx, o, patch.Optimistic(base))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("take the finalizer off the EntraTenant: %w", err)
	}
	return nil
}

// onEdit sees to it that nobody works under the old spec of an EntraTenant any
// more, and that a trial of the old one is not waited for. That the new one is looked
// at is for the other watch.
func (r *Reconciler) onEdit() handler.EventHandler {
	return handler.Funcs{
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, _ workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			now := e.ObjectNew.(*v1alpha1.EntraTenant)
			if !r.Share.Selects(now.Labels) {
				r.Share.Stop(now.Name)
				r.trials.interrupt(now.Name)
			}
			if tenant.VersionOf(now) != tenant.VersionOf(e.ObjectOld.(*v1alpha1.EntraTenant)) {
				r.Tenants.Expect(now.Name, tenant.VersionOf(now))
				r.trials.interrupt(now.Name)
			}
		},
	}
}

func (r *Reconciler) tenantsOfSecret(ctx context.Context, secret client.Object) []reconcile.Request {
	var all v1alpha1.EntraTenantList
	which := client.MatchingFields{index.Secret: secret.GetNamespace() + "/" + secret.GetName()}
	if err := r.Client.List(ctx, &all, which); err != nil {
		return nil // the cache is stopping
	}
	requests := make([]reconcile.Request, len(all.Items))
	for i := range all.Items {
		requests[i] = reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&all.Items[i])}
	}
	return requests
}

// countLater counts a tenant's resources a while after one of them changed, so
// that a thousand changes are one write.
func (r *Reconciler) countLater() handler.EventHandler {
	later := func(o client.Object, q workqueue.TypedRateLimitingInterface[reconcile.Request], d time.Duration) {
		q.AddAfter(reconcile.Request{NamespacedName: client.ObjectKey{Name: o.(*v1alpha1.PhoneAuthenticationMethod).Spec.TenantName()}}, d)
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			later(e.Object, q, countDelay)
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			if e.ObjectOld.GetResourceVersion() != e.ObjectNew.GetResourceVersion() {
				later(e.ObjectNew, q, countDelay)
			}
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			if later(e.Object, q, countDelay); r.isCountedSoon(ctx, e.Object.(*v1alpha1.PhoneAuthenticationMethod).Spec.TenantName()) {
				later(e.Object, q, goneDelay)
			}
		},
	}
}

// isCountedSoon reports whether gone resources are counted soon: where it is quick, and for an EntraTenant that is
// deleted, and waits for its last resource to go.
func (r *Reconciler) isCountedSoon(ctx context.Context, name string) bool {
	var o v1alpha1.EntraTenant
	return r.Client.Get(ctx, client.ObjectKey{Name: name}, &o) == nil && (!o.DeletionTimestamp.IsZero() || o.Status.Methods.Total < manyMethods)
}
