package tenant

import (
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/throttle"
)

// Tenant is one EntraTenant as it can be used now. It is not changed once it is
// in a Registry.
type Tenant struct {
	Name string
	// Version names what the tenant was made from.
	Version Version
	// Spec is the EntraTenant's, for its modes and limits.
	Spec v1alpha1.EntraTenantSpec
	// Problem is why the tenant cannot be used; nil if it can. The rest is then
	// not set.
	Problem *Problem
	// Access says who may manage whom.
	Access access.Policy
	// Graph speaks to the tenant's Graph.
	Graph *graph.Client
	// Deletions is the budget of deletions.
	Deletions *Budget
	// Views is what Graph last answered about protected users; nil: nothing is remembered.
	Views *Views
	// AuditLog is how far the audit log was read; nil: it is not read.
	AuditLog *AuditLog
	// Inventory is who had phones when the registration report was read; nil: it is not read.
	Inventory *Inventory
	// Reads are when users were read; nil: that is not noted.
	Reads *Reads
	// Throttle is what all requests to the tenant's Graph pass.
	Throttle *throttle.Throttle
}

// Version names an EntraTenant, its spec, and the Secret of its credential.
type Version struct {
	UID        types.UID
	Generation int64
	Secret     string // the resourceVersion; empty without a Secret
}

// VersionOf is the version of an EntraTenant without its Secret.
func VersionOf(o *v1alpha1.EntraTenant) Version { return Version{UID: o.UID, Generation: o.Generation} }

// olderThan reports whether v was made from a spec that is not the one of wanted, nor a
// later one.
func (v Version) olderThan(wanted Version) bool {
	return v.UID != wanted.UID || v.Generation < wanted.Generation
}

// PermissionRetry is the longest time until a user is reconciled again for whom a permission or a
// credential was missing.
const PermissionRetry = 5 * time.Minute

// Problem is why a tenant cannot be used: a reason of the Ready condition and a
// sentence that says what to do.
type Problem struct {
	Reason, Message string
	// Passing says that nobody has to act: it is over in a moment.
	Passing bool
}

// Registry holds the tenants by the names of their EntraTenants, and the bulkhead that
// shares the workers out among them. It is safe for concurrent use.
type Registry struct {
	mu      sync.RWMutex
	byName  map[string]*Tenant
	wanted  map[string]Version // the newest specs that were seen
	speaker map[string]string  // the names of the EntraTenants in use, by tenantID in lower case
	workers *throttle.Bulkhead
}

// NewRegistry returns an empty registry. There is any number of workers.
func NewRegistry() *Registry {
	return &Registry{
		byName: map[string]*Tenant{}, wanted: map[string]Version{}, speaker: map[string]string{},
		workers: throttle.NewBulkhead(),
	}
}

// ShareWorkers says how many workers there are for the users of all tenants.
func (r *Registry) ShareWorkers(n int) { r.workers.SetWorkers(n) }

// Throttle returns the throttle of the tenant that was put last under a name, or a new
// one that begins with what was learnt before: a pause outlives the edits of an
// EntraTenant, and the pace a restart.
func (r *Registry) Throttle(name string, now func() time.Time, learnt throttle.Pace) *throttle.Throttle {
	if was, ok := r.Last(name); ok {
		return was.Throttle
	}
	t := throttle.New(now, r.workers, name)
	t.Resume(learnt)
	return t
}

// Get returns the tenant of a name; false if its EntraTenant, or its newest spec, was
// not looked at yet.
func (r *Registry) Get(name string) (*Tenant, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	t, ok := r.byName[name]
	if !ok || r.outdated(t) {
		return nil, false
	}
	return t, true
}

// Last returns the tenant of a name that was put last, of whatever spec: for what
// outlives an edit.
func (r *Registry) Last(name string) (*Tenant, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	t, ok := r.byName[name]
	return t, ok
}

// Expect says that the EntraTenant of a name has this spec now. A tenant of an older
// one is not given out any more, whoever puts it.
func (r *Registry) Expect(name string, v Version) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if was, ok := r.wanted[name]; !ok || was.olderThan(v) {
		r.wanted[name] = v
	}
}

// Outdated reports whether a newer spec than the tenant's was seen.
func (r *Registry) Outdated(t *Tenant) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.outdated(t)
}

func (r *Registry) outdated(t *Tenant) bool {
	wanted, ok := r.wanted[t.Name]
	return ok && t.Version.olderThan(wanted)
}

// Claim makes the EntraTenant of a name the one that is used for a tenantID, unless
// another one of those that exist is, and returns the name of the one that is. It is used
// until it yields or is removed.
func (r *Registry) Claim(tenantGUID, name string, existing []string) (speaker string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	was, ok := r.speaker[tenantGUID]
	if ok && slices.Contains(existing, was) {
		return was
	}
	if t, ok := r.byName[was]; ok && was != name && t.Spec.TenantGUID() == tenantGUID {
		delete(r.byName, was) // its EntraTenant is gone, and nobody looked at that yet
		r.workers.SetTenants(len(r.byName))
	}
	r.speaker[tenantGUID] = name
	return name
}

// Yield ends what Claim began, for an EntraTenant that is not used any more, and says so
// in its status.
func (r *Registry) Yield(tenantGUID, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.speaker[tenantGUID] == name {
		delete(r.speaker, tenantGUID)
	}
}

// All returns the tenants, in no order.
func (r *Registry) All() []*Tenant {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Collect(maps.Values(r.byName))
}

// Put sets the tenant of its name. A new version of it begins with a closed circuit
// breaker.
func (r *Registry) Put(t *Tenant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if was, ok := r.byName[t.Name]; ok && was.Version != t.Version {
		t.Throttle.Reset()
	}
	r.byName[t.Name] = t
	r.workers.SetTenants(len(r.byName))
}

// Remove forgets a tenant.
func (r *Registry) Remove(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byName, name)
	r.workers.SetTenants(len(r.byName))
	delete(r.wanted, name)
	maps.DeleteFunc(r.speaker, func(_, speaker string) bool { return speaker == name })
}
