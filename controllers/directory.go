package controllers

import (
	"context"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/cache"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/user"
)

// How long an answer of Graph about a name may wait for the pass that it is for,
// and how long the way from a name to an object id is remembered so that a
// resource that is not bound yet finds its user again.
const (
	fresh      = 5 * time.Second
	remembered = 10 * time.Minute
)

// directory knows which user is behind which spelling. It saves calls, no more:
// everything in it can be asked of Graph again.
type directory struct {
	handed    *cache.Expiring // user.Key of an object id -> graph.User, for one pass
	spellings *cache.Expiring // user.Key of an object id -> []string
}

func newDirectory() *directory {
	return &directory{handed: cache.NewExpiring(), spellings: cache.NewExpiring()}
}

// find returns the user behind a spelling, from Graph.
func (d *directory) find(ctx context.Context, t *tenant.Tenant, spelling string) (graph.User, error) {
	u, err := t.Graph.User(ctx, spelling)
	if err != nil {
		return graph.User{}, err
	}
	key, id := user.Key{Tenant: t.Name, User: strings.ToLower(spelling)}, user.Key{Tenant: t.Name, User: u.ID}
	if known := d.spelled(id); key != id && !slices.Contains(known, key.User) {
		// Two workers may do this for two spellings at once; one may be lost, and
		// is then looked up again by its own key.
		d.spellings.Set(id, append(slices.Clone(known), key.User), remembered)
	}
	return u, nil
}

// hand keeps an answer for the pass under the object id that follows at once.
func (d *directory) hand(tenant string, u graph.User) {
	d.handed.Set(user.Key{Tenant: tenant, User: u.ID}, u, fresh)
}

// take returns the user behind a spelling: as handed on, once, or from Graph. A
// name can be given to somebody else at any time, so no older answer is used.
func (d *directory) take(ctx context.Context, t *tenant.Tenant, spelling string) (graph.User, error) {
	key := user.Key{Tenant: t.Name, User: strings.ToLower(spelling)}
	if u, ok := d.handed.Get(key); ok {
		d.handed.Delete(key)
		return u.(graph.User), nil
	}
	return d.find(ctx, t, spelling)
}

// forget drops an answer that was handed on: its pass does not follow at once.
func (d *directory) forget(id user.Key) { d.handed.Delete(id) }

// spelled returns the spellings that lately led to an object id.
func (d *directory) spelled(id user.Key) []string {
	if known, ok := d.spellings.Get(id); ok {
		return known.([]string)
	}
	return nil
}
