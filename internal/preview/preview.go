package preview

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/internal/recording"
	"github.com/entraops/phone-operator/internal/tenant"
)

// Options say what is looked at, and as whom.
type Options struct {
	// API is the API server. Nothing is stored there. It is not asked where there is a Recording.
	API client.Client
	// Recording answers in place of the API server and of Graph; nil: they are asked.
	Recording *recording.Recording
	// Manifests are PhoneAuthenticationMethods, and the EntraTenants, Namespaces and Secrets that come with them. Each
	// object is there once, and whatever is in a namespace says in which.
	Manifests []*unstructured.Unstructured
	// Sealed are manifests of these kinds in which something is encrypted. They stay as the cluster has them, and what depends
	// on them is Unknown.
	Sealed []*unstructured.Unstructured
	// FieldManager is in whose name the manifests will be applied; "": whoever applied an object last.
	FieldManager string
	// Ambient signs in to Graph with what the machine has, not with the EntraTenants' credentials.
	Ambient bool
	// TrustTenants signs in also where and how EntraTenants of the manifests say, and not only as those of the cluster do; and
	// has EntraTenants and Namespaces count that the caller may not apply.
	TrustTenants bool
	// Prune also deletes what no manifest has, as GitOps does; nil: that stays.
	Prune *Prune
	// Unmanaged lists the phones that no resource declares.
	Unmanaged bool
	// Progress is told how many users were looked at, and how many are known of; nil: nobody is.
	Progress func(done, all int)
}

// Preview is what the operator would do.
type Preview struct {
	Rows      []Row    // one for each PhoneAuthenticationMethod that is applied, pruned or affected, and for each other manifest that is refused or not known
	Unmanaged []Phone  // of users whose phones were read
	Notes     []string // what the reader should know
}

// lasting is added to the time, so that what the operator waits for while a resource is new is over.
const lasting = 5 * time.Minute

// Run finds out what the operator would do. An error means that it cannot be known.
func Run(ctx context.Context, o Options) (Preview, error) {
	clock := time.Now
	if o.Recording != nil {
		began := time.Now()
		o.API, clock = o.Recording.Client(), func() time.Time { return o.Recording.At.Add(time.Since(began)) }
	}
	c, err := newCluster(ctx, o.API)
	if err != nil {
		return Preview{}, err
	}
	r := &run{Options: o, layers: &layers{
		cluster: c, manager: o.FieldManager, trust: o.TrustTenants, now: clock(), clock: clock, recorded: o.Recording, unasked: map[string]bool{}, changed: map[string]bool{}, rerouted: map[string]bool{},
		rewritten: map[client.ObjectKey]bool{}, relabelled: map[string]bool{}, previous: map[client.ObjectKey]*corev1.Secret{}, before: map[client.ObjectKey]*method{},
	}, registry: tenant.NewRegistry(), queue: &queue{}, hasRow: map[client.ObjectKey]bool{}, bystanders: map[string]int{}}
	ctx = log.IntoContext(ctx, logr.Discard()) // the operator's log is about what it does
	if err := r.prepare(ctx); err != nil {
		return Preview{}, err
	}
	if err := r.reconcileAll(ctx); err != nil {
		return Preview{}, err
	}
	return r.report(ctx)
}

type run struct {
	Options
	*layers
	registry *tenant.Registry
	queue    *queue
	settled  []Row              // of manifests at which the reconciler does not look
	asked    []client.ObjectKey // the resources of manifests that can be applied
	prunable []client.ObjectKey // those of no manifest that would be pruned
	affected []client.ObjectKey // those of no manifest whose Secrets are changed
	// hasRow are the resources of all these and of the manifests, and bystanders count the others by what of the manifests may
	// change them, as "Kind name".
	hasRow     map[client.ObjectKey]bool
	bystanders map[string]int
}

// prepare reads the cluster, lays the manifests over, and connects to their tenants.
func (r *run) prepare(ctx context.Context) error {
	order := []string{"Namespace", "EntraTenant", "Secret", "PhoneAuthenticationMethod"}
	sorted := slices.SortedStableFunc(slices.Values(r.Manifests), func(a, b *unstructured.Unstructured) int {
		return slices.Index(order, a.GetKind()) - slices.Index(order, b.GetKind())
	})
	r.seal()
	names, namespaces := map[string]bool{}, map[string]bool{}
	for _, o := range sorted {
		if isMethod(o) {
			names[tenantOf(o)], namespaces[o.GetNamespace()] = true, true
		}
	}
	if err := r.findPrunable(ctx, names, namespaces); err != nil {
		return err
	}
	methods := slices.IndexFunc(sorted, isMethod)
	if methods < 0 {
		methods = len(sorted)
	}
	if err := r.layAll(ctx, sorted[:methods]); err != nil {
		return err
	}
	r.noteRows()
	if err := r.findAffected(ctx, names, namespaces); err != nil {
		return err
	}
	if err := r.loadAllMethods(ctx, names, namespaces); err != nil {
		return err
	}
	r.settleBystanders()
	if err := r.layAll(ctx, sorted[methods:]); err != nil {
		return err
	}
	if err := r.layAffected(); err != nil {
		return err
	}
	if err := r.prune(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if err := r.loadTenant(ctx, name); err != nil {
			return err
		}
		if o := r.tenants[name]; o != nil {
			t, err := r.connect(ctx, o, r.registry, r.Ambient)
			if err != nil {
				return err
			}
			r.registry.Put(t)
		}
	}
	return nil
}

// layAll lays manifests over.
func (r *run) layAll(ctx context.Context, manifests []*unstructured.Unstructured) error {
	for _, o := range manifests {
		refused, err := r.lay(ctx, o)
		switch {
		case err != nil:
			return err
		case refused != nil:
			r.settled = append(r.settled, refusedRow(o, refused))
		case isMethod(o):
			r.asked = append(r.asked, client.ObjectKeyFromObject(o))
		}
	}
	return nil
}

// seal notes which manifests cannot be read.
func (r *run) seal() {
	for _, o := range r.Sealed {
		if o.GetKind() == "Secret" {
			r.sealed[client.ObjectKeyFromObject(o)] = true
			continue
		}
		r.settled = append(r.settled, sealedRow(o))
	}
}

// loadAllMethods reads the resources of tenants: each may be a rival of one in a manifest. Whoever may not read them all
// sees those of the manifests' namespaces.
func (r *run) loadAllMethods(ctx context.Context, tenants, namespaces map[string]bool) error {
	err := r.loadMethods(ctx, tenants, metav1.NamespaceAll)
	if !apierrors.IsForbidden(err) {
		return err
	}
	for _, namespace := range slices.Sorted(maps.Keys(namespaces)) {
		if err := r.loadMethods(ctx, tenants, namespace); err != nil {
			return err
		}
	}
	r.settleUnseen(namespaces)
	r.unasked["you may not read the resources of other namespaces: rivals there are not seen"] = true
	return nil
}

func (r *run) loadMethods(ctx context.Context, tenants map[string]bool, namespace string) error {
	return EachMethod(ctx, r.API, namespace, func(o *method) error {
		r.countBystander(o)
		if !tenants[o.Spec.TenantName()] {
			return nil
		}
		return r.put(o)
	})
}
