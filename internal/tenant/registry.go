package tenant

import (
	"sync"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/graph"
)

// Tenant is one EntraTenant as it can be used now. It is not changed once it is
// in a Registry.
type Tenant struct {
	Name string
	// Version names what the tenant was made from: the resource and its Secret.
	Version string
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
	// Gate is what the requests of Graph pass.
	Gate *Gate
}

// Problem is why a tenant cannot be used: a reason of the Ready condition and a
// sentence that says what to do.
type Problem struct{ Reason, Message string }

// Registry holds the tenants by the names of their EntraTenants. It is safe for
// concurrent use.
type Registry struct {
	mu     sync.RWMutex
	byName map[string]*Tenant
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry { return &Registry{byName: map[string]*Tenant{}} }

// Get returns the tenant of a name; false if its EntraTenant was not looked at yet.
func (r *Registry) Get(name string) (*Tenant, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	t, ok := r.byName[name]
	return t, ok
}

// Put sets the tenant of its name.
func (r *Registry) Put(t *Tenant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byName[t.Name] = t
}

// Remove forgets a tenant.
func (r *Registry) Remove(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byName, name)
}
