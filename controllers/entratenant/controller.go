package entratenant

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/index"
	"github.com/entraops/phone-operator/internal/tenant"
)

// +kubebuilder:rbac:groups=identity.entraops.dev,resources=entratenants,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=identity.entraops.dev,resources=entratenants/status,verbs=patch

const (
	// tenantWorkers is how many tenants are tried at once: one whose Graph hangs takes
	// half a minute, which the others do not wait for.
	tenantWorkers = 8
	// countDelay gathers the changes of many resources into one count, goneDelay
	// those that somebody may wait for.
	countDelay = 15 * time.Second
	goneDelay  = time.Second
	// manyMethods take a moment to count.
	manyMethods = 2000
)

// edited passes what comes, goes or has a new spec. One whose place another of its name has taken while the cache was cut
// off from the API server comes as an update, and may be of the same generation.
func edited() predicate.Predicate {
	return predicate.Or[client.Object](predicate.GenerationChangedPredicate{}, predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool { return e.ObjectOld.GetUID() != e.ObjectNew.GetUID() },
	})
}

// SetupWithManager adds the controller.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	if err := metrics.Registry.Register(gauges{r.Client, r.Tenants}); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("entratenant").
		For(&v1alpha1.EntraTenant{}, builder.WithPredicates(predicate.Or(edited(), viewsChanged(), r.moved()))).
		// Another one of the same tenantID may have to take its place.
		Watches(&v1alpha1.EntraTenant{}, handler.EnqueueRequestsFromMapFunc(r.others), builder.WithPredicates(edited())).
		Watches(&v1alpha1.EntraTenant{}, r.onEdit()).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.tenantsOfSecret), builder.OnlyMetadata).
		Watches(&v1alpha1.PhoneAuthenticationMethod{}, r.countLater()).
		WatchesRawSource(source.TypedChannel(r.Doubted, r.onDoubt())).
		WatchesRawSource(source.TypedChannel(r.Lost, onLost())).
		WithOptions(controller.Options{MaxConcurrentReconciles: tenantWorkers}).
		Complete(r)
}

// onEdit sees to it that nobody works under the old spec of an EntraTenant any
// more, and that a probe of the old one is not waited for. That the new one is looked
// at is for the other watch.
func (r *Reconciler) onEdit() handler.EventHandler {
	return handler.Funcs{
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, _ workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			now := e.ObjectNew.(*v1alpha1.EntraTenant)
			if !r.Share.Selects(now.Labels) {
				r.Share.Stop(now.Name)
				r.probes.interrupt(now.Name)
			}
			if tenant.VersionOf(now) != tenant.VersionOf(e.ObjectOld.(*v1alpha1.EntraTenant)) {
				r.Tenants.Expect(now.Name, tenant.VersionOf(now))
				r.probes.interrupt(now.Name)
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
