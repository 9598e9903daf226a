package entratenant

import (
	"context"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/tenant"
)

const (
	// grantPeriod is how often a tenant's token is renewed while its users lack a
	// permission, so that one which is granted is used within a minute. Users try again
	// later and later, and are woken by the tenant.
	grantPeriod = 40 * time.Second
	// wantedFor is how long a permission counts as wanted after the last refusal: longer
	// than the longest time until a user tries again.
	wantedFor = 2 * tenant.PermissionRetry
)

// Doubt is what Graph refused to a user of a tenant although the tenant's own probe went
// well: only a look at the tenant can mend it, for all of its users.
type Doubt struct {
	Tenant string
	Kind   graph.Kind // Forbidden for want of a permission, TokenRefused, or CredentialFailed: there is no token
}

// doubts are what the users of the tenants were refused, by the names of EntraTenants.
// The zero value has none.
type doubts struct {
	mu      sync.Mutex
	wanted  map[string]wanted
	refused map[string]time.Time // when a token was refused, by Graph or by Entra
}

// wanted says that a permission is missing.
type wanted struct {
	until   time.Time
	roles   []string // what the token carried at the last look; nil before the first
	renewed time.Time
}

// record takes a doubt down and reports whether the tenant has to be looked at for it. One
// whose token is refused is tried again no more often than one that does not work.
func (d *doubts) record(what Doubt, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.wanted == nil {
		d.wanted, d.refused = map[string]wanted{}, map[string]time.Time{}
	}
	if what.Kind != graph.Forbidden {
		if now.Sub(d.refused[what.Tenant]) < retryProbe {
			return false
		}
		d.refused[what.Tenant] = now
		return true
	}
	w := d.wanted[what.Tenant]
	known := now.Before(w.until)
	if !known {
		w = wanted{}
	}
	w.until = now.Add(wantedFor)
	d.wanted[what.Tenant] = w
	return !known
}

// wants returns what is missing to a tenant, if anything is.
func (d *doubts) wants(name string, now time.Time) (wanted, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w := d.wanted[name]
	return w, now.Before(w.until)
}

// looked notes what the token of a tenant carries now.
func (d *doubts) looked(name string, roles []string, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w, ok := d.wanted[name]; ok {
		w.roles, w.renewed = append([]string{}, roles...), now
		d.wanted[name] = w
	}
}

// forget ends a want: something was granted, or the tenant is gone.
func (d *doubts) forget(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.wanted, name)
	delete(d.refused, name)
}

// onDoubt looks at a tenant whose users were refused what is for it to mend. Where there is no
// token, or it is not accepted, the tenant is tried again, whenever that was done last.
func (r *Reconciler) onDoubt() handler.TypedEventHandler[Doubt, reconcile.Request] {
	return handler.TypedFuncs[Doubt, reconcile.Request]{
		GenericFunc: func(_ context.Context, e event.TypedGenericEvent[Doubt], q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			if !r.doubts.record(e.Object, r.Now()) {
				return
			}
			if e.Object.Kind != graph.Forbidden {
				r.probes.forget(e.Object.Tenant)
			}
			q.Add(reconcile.Request{NamespacedName: client.ObjectKey{Name: e.Object.Tenant}})
		},
	}
}

// renewWanted renews the token of a tenant whose users lack a permission, if it is time
// to. When another permission comes with it, the users are woken and the tenant is tried
// anew: its condition says what the token carries.
func (r *Reconciler) renewWanted(ctx context.Context, name string) error {
	now := r.Now()
	w, missing := r.doubts.wants(name, now)
	t, ok := r.Tenants.Get(name)
	if !missing || !ok || t.Problem != nil || t.Graph == nil || now.Sub(w.renewed) < grantPeriod/2 {
		return nil
	}
	brief, end := context.WithTimeout(ctx, probeTimeout)
	defer end()
	if w.roles != nil { // the refusal itself brought a new token before the first look
		if err := t.Graph.Renew(brief); err != nil {
			log.FromContext(ctx).V(1).Info("the token could not be renewed", "answer", err.Error())
		}
	}
	has, err := t.Graph.Permissions(brief)
	if err != nil {
		return nil // the next look tries again
	}
	if w.roles == nil || slices.Equal(has, w.roles) {
		r.doubts.looked(name, has, now)
		return nil
	}
	r.doubts.forget(name)
	r.probes.forget(name)
	return r.wakeUsers(ctx, name)
}
