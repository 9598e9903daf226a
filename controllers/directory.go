package controllers

import (
	"context"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/cache"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/tenant"
)

// How long an answer of Graph about a name is taken as it is, and how long the
// way from a name to an object id is remembered so that a resource that is not
// bound yet finds its user again.
const (
	fresh      = 10 * time.Second
	remembered = 10 * time.Minute
)

// directory remembers which user is behind which spelling. It saves calls, no
// more: everything in it can be asked of Graph again.
type directory struct {
	users     *cache.Expiring // UserKey of a spelling -> lookup
	spellings *cache.Expiring // UserKey of an object id -> []string
	now       func() time.Time
}

type lookup struct {
	user graph.User
	at   time.Time
}

func newDirectory(now func() time.Time) *directory {
	return &directory{users: cache.NewExpiring(), spellings: cache.NewExpiring(), now: now}
}

// find returns the user behind a spelling, from Graph unless it was asked a
// moment ago.
func (d *directory) find(ctx context.Context, t *tenant.Tenant, spelling string) (graph.User, error) {
	key := UserKey{Tenant: t.Name, User: strings.ToLower(spelling)}
	if known, ok := d.users.Get(key); ok && d.now().Sub(known.(lookup).at) < fresh {
		return known.(lookup).user, nil
	}
	u, err := t.Graph.User(ctx, spelling)
	if err != nil {
		d.users.Delete(key)
		return graph.User{}, err
	}
	d.users.Set(key, lookup{user: u, at: d.now()}, remembered)
	if id := (UserKey{Tenant: t.Name, User: u.ID}); key != id {
		// Two workers may do this for two spellings at once; one may be lost, and
		// is then looked up again by its own key.
		known := d.spelled(id)
		if !slices.Contains(known, key.User) {
			d.spellings.Set(id, append(slices.Clone(known), key.User), remembered)
		}
	}
	return u, nil
}

// spelled returns the spellings that lately led to an object id.
func (d *directory) spelled(id UserKey) []string {
	if known, ok := d.spellings.Get(id); ok {
		return known.([]string)
	}
	return nil
}
