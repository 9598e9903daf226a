package phonemethod

import (
	"context"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/index"
	"github.com/entraops/phone-operator/internal/user"
)

// +kubebuilder:rbac:groups=identity.entraops.dev,resources=phoneauthenticationmethods,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=identity.entraops.dev,resources=phoneauthenticationmethods/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=secrets;namespaces,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// WithoutManager makes r ready for whoever calls Reconcile itself, without watches, as a preview does. It counts as one
// that has been at work for long: no write of an operator before it is expected to arrive. queue is
// told of a user who is found under another name, and of what is due later.
func (r *Reconciler) WithoutManager(queue workqueue.TypedRateLimitingInterface[user.Key]) {
	r.memory, r.queue = newMemory(time.Time{}), queue
}

// SetupWithManager adds the controller. workers is how many users are reconciled at once; tenants
// receives the name of each EntraTenant that can be used in a new way, or not any more, drifted each
// user, by object id, whose phones were changed in Entra.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, workers int, tenants <-chan event.TypedGenericEvent[string], drifted <-chan event.TypedGenericEvent[user.Key]) error {
	r.memory = newMemory(time.Time{})
	if err := metrics.Registry.Register(writability{r.unwritable}); err != nil {
		return err
	}
	return builder.TypedControllerManagedBy[user.Key](mgr).
		Named("phoneauthenticationmethod").
		Watches(&v1alpha1.PhoneAuthenticationMethod{},
			handler.TypedEnqueueRequestsFromMapFunc(r.userOfResource),
			builder.WithPredicates(predicate.Or[client.Object](r.deleted(), changed()))).
		Watches(&corev1.Secret{}, handler.TypedEnqueueRequestsFromMapFunc(r.usersOfSecret), builder.OnlyMetadata,
			builder.WithPredicates(predicate.ResourceVersionChangedPredicate{})). // not what the cache tells once more, every ten hours
		Watches(&corev1.Namespace{}, handler.TypedEnqueueRequestsFromMapFunc(r.usersOfNamespace), builder.OnlyMetadata,
			builder.WithPredicates(predicate.LabelChangedPredicate{})).
		WatchesRawSource(source.TypedChannel(tenants,
			handler.TypedFuncs[string, user.Key]{GenericFunc: r.wakeTenant})).
		WatchesRawSource(source.TypedChannel(drifted,
			handler.TypedFuncs[user.Key, user.Key]{GenericFunc: r.wakeDrifted})).
		WatchesRawSource(source.TypedFunc[user.Key](func(ctx context.Context, q workqueue.TypedRateLimitingInterface[user.Key]) error {
			r.queue, r.started = q, r.Now() // for handOver and requeueUser
			go r.schedule.raisePriority(ctx, q, time.Tick(time.Minute))
			return nil
		})).
		WithOptions(controller.TypedOptions[user.Key]{
			MaxConcurrentReconciles: workers,
			RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[user.Key](250*time.Millisecond, 5*time.Minute),
		}).
		WithLogConstructor(func(key *user.Key) logr.Logger {
			l := mgr.GetLogger().WithValues("controller", "phoneauthenticationmethod")
			if key != nil {
				l = l.WithValues("tenant", key.Tenant, "user", key.User)
			}
			return l
		}).
		Complete(r)
}

// deleted passes deletions, and drops what is known of a resource that is gone. One whose place another resource of its
// name has taken while the cache was cut off from the API server comes as an update.
func (r *Reconciler) deleted() predicate.Funcs {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			gone := e.ObjectOld.GetUID()
			if gone == e.ObjectNew.GetUID() {
				return false
			}
			r.forgetResource(gone)
			return true
		},
		DeleteFunc: func(e event.DeleteEvent) bool {
			r.forgetResource(e.Object.GetUID())
			return true
		},
	}
}

// changed passes what makes work: new resources, edits of spec, and updates in which a reconcile is
// requested by annotation, or another client took the finalizer off. Without its finalizer a resource
// that is deleted would leave its phone behind unnoticed.
func changed() predicate.Predicate {
	return predicate.Or[client.Object](predicate.GenerationChangedPredicate{}, predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return requestOf(e.ObjectOld) != requestOf(e.ObjectNew) || controllerutil.ContainsFinalizer(e.ObjectOld, v1alpha1.Finalizer) &&
				!controllerutil.ContainsFinalizer(e.ObjectNew, v1alpha1.Finalizer) && e.ObjectNew.GetDeletionTimestamp().IsZero()
		},
	})
}

// userOfResource wakes the user of a resource that came, was edited or went. The others of
// the user may have waited for one that went; not for one that the rules refused, whose
// coming and going makes no work for Graph.
func (r *Reconciler) userOfResource(_ context.Context, object client.Object) []user.Key {
	o := object.(*v1alpha1.PhoneAuthenticationMethod)
	key := user.KeyOf(o)
	if isAccepted(o) {
		r.schedule.force(key)
	}
	return []user.Key{key}
}

// isAccepted reports whether the resource was judged, and not refused.
func isAccepted(o *v1alpha1.PhoneAuthenticationMethod) bool {
	return meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionAccepted) != nil && !wasRefused(o)
}

// usersOfSecret wakes those whose number is in a Secret that changed. It knows only the Secret's
// name: what is in Secrets is not kept in memory. The edit counts as one of the resource, also if it
// comes while that is being reconciled. It causes no request for a resource that the rules refuse.
func (r *Reconciler) usersOfSecret(ctx context.Context, secret client.Object) []user.Key {
	found := r.cached(ctx, client.MatchingFields{index.Secret: secret.GetNamespace() + "/" + secret.GetName()})
	for i := range found {
		r.secrets.add(found[i].UID)
	}
	return r.users.keysOf(found)
}

// usersOfNamespace wakes those of a namespace whose labels changed. They are reconciled all the way.
func (r *Reconciler) usersOfNamespace(ctx context.Context, namespace client.Object) []user.Key {
	keys := r.users.keysOf(r.cached(ctx, client.InNamespace(namespace.GetName())))
	for _, key := range keys {
		r.schedule.force(key)
	}
	return keys
}

// cached are the resources of the cache, not to be changed.
func (r *Reconciler) cached(ctx context.Context, which client.ListOption) []v1alpha1.PhoneAuthenticationMethod {
	var found v1alpha1.PhoneAuthenticationMethodList
	if err := r.Client.List(ctx, &found, which, client.UnsafeDisableDeepCopy); err != nil {
		return nil // the cache is stopping
	}
	return found.Items
}

// wakeDrifted wakes a user whose phones were changed in Entra, after those whom somebody waits for.
// Most users of a directory have no resource.
func (r *Reconciler) wakeDrifted(ctx context.Context, e event.TypedGenericEvent[user.Key], q workqueue.TypedRateLimitingInterface[user.Key]) {
	if len(r.cached(ctx, client.MatchingFields{index.User: e.Object.String()})) == 0 {
		return
	}
	r.schedule.force(e.Object)
	r.schedule.expect(e.Object, nextReconcile{at: r.Now(), driftCheck: true}) // so that it does not wait behind others for ever
	addLow(q, e.Object, driftedPriority)
}

// driftedPriority is that of a user whose phones were changed in Entra: before those who are only
// looked through.
const driftedPriority = handler.LowPriority / 2

// addLow queues a key behind those whom somebody waits for.
func addLow(q workqueue.TypedRateLimitingInterface[user.Key], key user.Key, low int) {
	if queue, ok := q.(priorityqueue.PriorityQueue[user.Key]); ok {
		queue.AddWithOpts(priorityqueue.AddOpts{Priority: &low}, key)
	} else {
		q.Add(key)
	}
}

// handOver has the work queue serve another key, whatever that waits for.
func (r *Reconciler) handOver(key user.Key) {
	r.schedule.force(key)
	r.queue.Add(key)
}

// wakeTenant wakes the users of a tenant that can be used in a new way, or not any
// more: all of them at once, so after those whom somebody waits for. Of these some are
// among them, who came while the tenant could not be used.
func (r *Reconciler) wakeTenant(ctx context.Context, e event.TypedGenericEvent[string], q workqueue.TypedRateLimitingInterface[user.Key]) {
	_ = index.EachOfTenant(ctx, r.Client, e.Object, func(o *v1alpha1.PhoneAuthenticationMethod) { // else the cache is stopping
		for _, key := range r.users.keysOfOne(o) {
			r.schedule.force(key)
			if isAwaited(o) {
				q.Add(key)
			} else {
				addLow(q, key, handler.LowPriority)
			}
		}
	})
}
