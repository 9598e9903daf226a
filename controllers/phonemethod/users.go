package phonemethod

import (
	"context"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/user"
)

const (
	// handOverTTL is how long an answer of Graph about a name may wait for the reconcile that
	// it is for.
	handOverTTL = 5 * time.Second
	// spellingTTL is how long it is remembered which names led to an object id, so that a
	// resource that is not bound yet is found with its user.
	spellingTTL = 10 * time.Minute
	// bindingTTL is how long a reconcile may take that binds a resource, and the cache to show it.
	bindingTTL = 10 * time.Minute
)

// resolvedUsers knows which user is behind which spelling. It saves calls, no more:
// everything in it can be asked of Graph again.
type resolvedUsers struct {
	handed    expiring[user.Key, handedUser] // by object id, for one reconcile
	spellings expiring[user.Key, []string]   // by object id
	bindings  expiring[user.Key, user.Key]   // by name: the object id that a resource is being bound to
}

// handedUser is an answer about a name that was asked for before the reconcile that uses it.
type handedUser struct {
	graph.User

	asked time.Time
	said  map[types.UID]saying // what the resources said that it was asked for
}

// isFor reports whether the answer is younger than all that the resources say. Whoever edits one now means the user
// who has the name now. One that is Ready as it is was carried through before.
func (h handedUser) isFor(resources []resource) bool {
	return !slices.ContainsFunc(resources, func(c resource) bool {
		if said, ok := h.said[c.object.UID]; ok {
			return said != c.saying()
		}
		return !c.isReady() || c.isAwaited() || c.object.Spec.PhoneNumberFrom != nil
	})
}

func newResolvedUsers() *resolvedUsers {
	return &resolvedUsers{handed: newExpiring[user.Key, handedUser](), spellings: newExpiring[user.Key, []string](), bindings: newExpiring[user.Key, user.Key]()}
}

// find returns the user behind a spelling, from Graph.
func (r *resolvedUsers) find(ctx context.Context, t *tenant.Tenant, spelling string) (graph.User, error) {
	u, err := t.Graph.User(ctx, spelling)
	if err != nil {
		return graph.User{}, err
	}
	key, id := user.Key{Tenant: t.Name, User: strings.ToLower(spelling)}, user.Key{Tenant: t.Name, User: u.ID}
	if known := r.spelled(id); key != id && !slices.Contains(known, key.User) {
		// Two workers may do this for two spellings at once; one may be lost, and
		// is then looked up again by its own key.
		r.spellings.Set(id, append(slices.Clone(known), key.User), spellingTTL)
	}
	return u, nil
}

// hand keeps an answer for the reconcile under the object id that follows at once. It was asked for at a time, for these
// resources.
func (r *resolvedUsers) hand(tenant string, u graph.User, asked time.Time, resources []resource) {
	h := handedUser{User: u, asked: asked, said: map[types.UID]saying{}}
	for _, c := range resources {
		h.said[c.object.UID] = c.saying()
	}
	r.handed.Set(user.Key{Tenant: tenant, User: u.ID}, h, handOverTTL)
}

// take returns the user behind a spelling for these resources: as handed on, once, or from Graph. A
// name can be given to somebody else at any time, so no older answer is used.
func (r *resolvedUsers) take(ctx context.Context, t *tenant.Tenant, spelling string, resources []resource) (graph.User, error) {
	key := user.Key{Tenant: t.Name, User: strings.ToLower(spelling)}
	if h, ok := r.handed.Get(key); ok {
		r.handed.Delete(key)
		if h.isFor(resources) {
			return h.User, nil
		}
	}
	return r.find(ctx, t, spelling)
}

// isHanded reports whether an answer about an object id waits for this reconcile, and when it was asked for.
func (r *resolvedUsers) isHanded(id user.Key) (asked time.Time, ok bool) {
	h, ok := r.handed.Get(id)
	return h.asked, ok
}

// forget drops an answer that was handed on: its reconcile does not follow at once.
func (r *resolvedUsers) forget(id user.Key) { r.handed.Delete(id) }

// spelled returns the spellings that lately led to an object id.
func (r *resolvedUsers) spelled(id user.Key) []string {
	known, _ := r.spellings.Get(id)
	return known
}

// binds notes that a reconcile under an object id begins with a resource that is not bound yet.
func (r *resolvedUsers) binds(name, id user.Key) { r.bindings.Set(name, id, bindingTTL) }

// keysOf returns the keys of the users whose resources the cache shows. A resource that it shows
// as not bound may be bound by now, and is not found under its name any more then: its object id
// is among the keys, too. That is noted before a reconcile looks at anything that wakes users, so
// either it sees the change that they are woken for, or it is repeated.
func (r *resolvedUsers) keysOf(resources []v1alpha1.PhoneAuthenticationMethod) []user.Key {
	keys := make([]user.Key, 0, len(resources))
	for i := range resources {
		keys = append(keys, r.keysOfOne(&resources[i])...)
	}
	return keys
}

func (r *resolvedUsers) keysOfOne(o *v1alpha1.PhoneAuthenticationMethod) []user.Key {
	key := user.KeyOf(o)
	if id, ok := r.bindings.Get(key); ok {
		return []user.Key{key, id}
	}
	return []user.Key{key}
}
