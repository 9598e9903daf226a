package controllers

import (
	"context"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/user"
)

// +kubebuilder:rbac:groups=identity.entraops.dev,resources=phoneauthenticationmethods,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=identity.entraops.dev,resources=phoneauthenticationmethods/status,verbs=patch
// +kubebuilder:rbac:groups=identity.entraops.dev,resources=entratenants,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=identity.entraops.dev,resources=entratenants/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=secrets;namespaces,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Options are what the controllers take from the command line.
type Options struct {
	// MaxConcurrentReconciles is how many users are worked on at once.
	MaxConcurrentReconciles int
	// CredentialNamespaces are the namespaces whose Secrets may be the credential of an
	// EntraTenant.
	CredentialNamespaces []string
}

// fieldManager is the name under which the operator writes to the API server.
const fieldManager = "phone-operator"

// SetupWithManager adds the controllers of both kinds, and their indexes.
func SetupWithManager(ctx context.Context, mgr ctrl.Manager, o Options) error {
	if err := addIndexes(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	writer := client.WithFieldOwner(mgr.GetClient(), fieldManager)
	tenants := tenant.NewRegistry()
	tenants.ShareWorkers(o.MaxConcurrentReconciles)
	recorder := boundedEvents{mgr.GetEventRecorder("phone-operator")}
	connected := make(chan event.TypedGenericEvent[string], 64)
	doubted := make(chan event.TypedGenericEvent[doubt], 64)
	r := &Reconciler{
		Client:  writer,
		Reader:  mgr.GetAPIReader(),
		Events:  recorder,
		Tenants: tenants,
		Now:     time.Now,
		doubted: doubted,
	}
	if err := r.setup(mgr, o, connected); err != nil {
		return err
	}
	t := &TenantReconciler{
		Client:    writer,
		Reader:    mgr.GetAPIReader(),
		Events:    recorder,
		Tenants:   tenants,
		Now:       time.Now,
		connected: connected,
		doubted:   doubted,

		CredentialNamespaces: o.CredentialNamespaces,
	}
	return t.setup(mgr)
}

func (r *Reconciler) setup(mgr ctrl.Manager, o Options, connected <-chan event.TypedGenericEvent[string]) error {
	r.remembersNothing()
	if err := registerMetrics(r.Tenants, r.unwritable); err != nil {
		return err
	}
	return builder.TypedControllerManagedBy[user.Key](mgr).
		Named("phoneauthenticationmethod").
		Watches(&v1alpha1.PhoneAuthenticationMethod{},
			handler.TypedEnqueueRequestsFromMapFunc(r.userOfResource),
			builder.WithPredicates(predicate.Or[client.Object](r.gone(), predicate.GenerationChangedPredicate{}, requestChanged()))).
		Watches(secretMetadata(), handler.TypedEnqueueRequestsFromMapFunc(r.usersOfSecret), builder.OnlyMetadata).
		Watches(&corev1.Namespace{}, handler.TypedEnqueueRequestsFromMapFunc(r.usersOfNamespace), builder.OnlyMetadata,
			builder.WithPredicates(predicate.LabelChangedPredicate{})).
		WatchesRawSource(source.TypedChannel(connected,
			handler.TypedFuncs[string, user.Key]{GenericFunc: r.wakeTenant})).
		WatchesRawSource(source.TypedFunc[user.Key](func(ctx context.Context, q workqueue.TypedRateLimitingInterface[user.Key]) error {
			r.queue = q // for a user that is found under another name: see bind
			r.started = r.Now()
			go r.visits.hasten(ctx, q, time.Tick(time.Minute))
			return nil
		})).
		WithOptions(controller.TypedOptions[user.Key]{
			MaxConcurrentReconciles: o.MaxConcurrentReconciles,
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

// remembersNothing gives the reconciler the memory of one that has just been started.
func (r *Reconciler) remembersNothing() {
	r.directory, r.visits = newDirectory(), newVisits()
	r.journals, r.refusals = cache.NewExpiring(), cache.NewExpiring()
	r.versions, r.numbersInSync, r.reversals = cache.NewExpiring(), cache.NewExpiring(), cache.NewExpiring()
	r.intents, r.absences, r.suspicions = cache.NewExpiring(), cache.NewExpiring(), cache.NewExpiring()
	r.judged, r.unwritable = judgements{cache.NewExpiring()}, newUnwritable()
	r.contested = newUnwritable()
}

// gone passes deletions, and drops what is known of how a resource could be written: it
// would count as one that cannot be for as long as the operator runs.
func (r *Reconciler) gone() predicate.Funcs {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		UpdateFunc:  func(event.UpdateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		DeleteFunc: func(e event.DeleteEvent) bool {
			r.unwritable.forget(e.Object.GetUID())
			r.contested.forget(e.Object.GetUID())
			return true
		},
	}
}

// requestChanged passes updates in which a reconcile is asked for by annotation.
func requestChanged() predicate.Funcs {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return requested(e.ObjectOld) != requested(e.ObjectNew)
		},
	}
}

// userOfResource wakes the user of a resource that came, was edited or went. The others of
// the user may have waited for one that went; not for one that the rules refused, whose
// coming and going makes no work for Graph.
func (r *Reconciler) userOfResource(_ context.Context, o client.Object) []user.Key {
	key := user.KeyOf(asPAM(o))
	if meta.FindStatusCondition(asPAM(o).Status.Conditions, v1alpha1.ConditionAccepted) != nil && !wasRefused(asPAM(o)) {
		r.visits.force(key)
	}
	return []user.Key{key}
}

func secretMetadata() client.Object { return &corev1.Secret{} }

// usersOfSecret wakes those whose number is in a Secret that changed. It knows
// only the Secret's name: what is in Secrets is not kept in memory. Whoever may edit a
// Secret must not make work for Graph by a resource that the rules refuse: such a one is
// judged anew, and one that was not judged yet is looked at anyway.
func (r *Reconciler) usersOfSecret(ctx context.Context, secret client.Object) []user.Key {
	return r.usersOf(ctx, client.MatchingFields{indexSecret: secret.GetNamespace() + "/" + secret.GetName()}, func(o *v1alpha1.PhoneAuthenticationMethod) bool {
		return meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionAccepted) != nil && !wasRefused(o)
	})
}

// usersOfNamespace wakes those of a namespace whose labels changed.
func (r *Reconciler) usersOfNamespace(ctx context.Context, namespace client.Object) []user.Key {
	return r.usersOf(ctx, client.InNamespace(namespace.GetName()), func(*v1alpha1.PhoneAuthenticationMethod) bool { return true })
}

// usersOf returns the users of some resources. Those of the resources that say so are
// looked at all the way.
func (r *Reconciler) usersOf(ctx context.Context, which client.ListOption, forced func(*v1alpha1.PhoneAuthenticationMethod) bool) []user.Key {
	found := r.resources(ctx, which)
	keys := make([]user.Key, len(found))
	for i := range found {
		keys[i] = user.KeyOf(&found[i])
		if forced(&found[i]) {
			r.visits.force(keys[i])
		}
	}
	return keys
}

// resources are those of the cache, not to be changed.
func (r *Reconciler) resources(ctx context.Context, which client.ListOption) []v1alpha1.PhoneAuthenticationMethod {
	var found v1alpha1.PhoneAuthenticationMethodList
	if err := r.Client.List(ctx, &found, which, client.UnsafeDisableDeepCopy); err != nil {
		return nil // the cache is stopping
	}
	return found.Items
}

// wakeTenant wakes the users of a tenant that can be used in a new way, or not any
// more: all of them at once, so after those whom somebody waits for. Of these some are
// among them, who came while the tenant could not be used.
func (r *Reconciler) wakeTenant(ctx context.Context, e event.TypedGenericEvent[string], q workqueue.TypedRateLimitingInterface[user.Key]) {
	queue, priorities := q.(priorityqueue.PriorityQueue[user.Key])
	low := handler.LowPriority
	found := r.resources(ctx, client.MatchingFields{indexTenant: e.Object})
	for i := range found {
		o := &found[i]
		r.visits.force(user.KeyOf(o))
		if priorities && !awaited(o) {
			queue.AddWithOpts(priorityqueue.AddOpts{Priority: &low}, user.KeyOf(o))
		} else {
			q.Add(user.KeyOf(o))
		}
	}
}
