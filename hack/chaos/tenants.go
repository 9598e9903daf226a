package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// tenant is one EntraTenant and the Entra tenant behind it.
type tenant struct {
	*realm
	app     emulator.App
	secrets int // how many client secrets there were
}

// The tenants: one that is left in peace, one whose administrators are never content, one that is only observed, and
// one that is careful with deletions.
const (
	steady  = "steady"
	moody   = "moody"
	watched = "watched"
	thrifty = "thrifty"
)

// many are deletions without a limit.
const many = 1 << 20

// populate makes the tenants and users, in Graph and in the cluster.
func (w *world) populate(ctx context.Context) error {
	for i, name := range []string{steady, moody, watched, thrifty} {
		id := fmt.Sprintf("11111111-2222-3333-4444-%012d", i+1)
		t := &tenant{
			realm: &realm{name: name, id: id, barred: map[string]time.Time{}, limit: many},
			app:   emulator.App{TenantID: id, ClientID: install.ClientID, Secret: "the first secret", Roles: install.Permissions},
		}
		if err := w.front.graph.AddTenant(emulator.Tenant{ID: id}); err != nil {
			return err
		}
		if err := w.front.graph.AddApp(t.app); err != nil {
			return err
		}
		if name == thrifty && !w.calm {
			t.limit = 0
		}
		w.ledger.tenants[id] = t.realm
		w.tenants = append(w.tenants, t)
		if err := w.declare(ctx, t); err != nil {
			return err
		}
	}
	w.tenants[2].silent = time.Now().Add(-time.Hour) // from the first moment on
	return w.people()
}

func (w *world) declare(ctx context.Context, t *tenant) error {
	rules := access(people, team)
	if t.name == steady {
		rules = append(rules, install.Access(hostile, "mallory*@contoso.com"))
	}
	return w.Declare(ctx, install.Tenant{Name: t.name, ID: t.id, Secret: t.app.Secret, Graph: w.front.at, Access: rules},
		func(s *v1alpha1.EntraTenantSpec) {
			limit := int32(t.limit)
			s.Limits = &v1alpha1.Limits{DeletionsPerHour: &limit, AuthenticationRequestsPerMinute: new(int32(1200))}
			s.ResyncPeriod = &metav1.Duration{Duration: time.Minute}
			if t.name == watched {
				s.Mode = v1alpha1.ModeObserve
			}
		})
}

// access lets namespaces manage everybody's phones.
func access(namespaces ...string) (rules []v1alpha1.AccessRule) {
	for _, name := range namespaces {
		rules = append(rules, install.Access(name, "*@contoso.com"))
	}
	return rules
}

// edicts are what administrators do to their tenants.
var edicts = []deed[actor]{
	{1, "credential rotated", actor.rotate},
	{1, "mode Observe", actor.silence},
	{1, "access taken", actor.takeAccess},
	{1, "access given, mode Enforce", actor.giveAll},
	{1, "deletion budget raised", actor.raise},
}

// administrate edits tenants.
func (w *world) administrate(going, acts context.Context, firstRound func()) error {
	a := w.actor("administrator")
	return goThrough(going, acts, w.ledger, a.dice, w.blows, a, "edict", edicts, firstRound)
}

// named is a tenant by its name.
func (w *world) named(name string) *tenant {
	return w.tenants[slices.IndexFunc(w.tenants, func(t *tenant) bool { return t.name == name })]
}

// raise allows the thrifty tenant some more deletions.
func (w actor) raise(ctx context.Context) error {
	return w.allow(ctx, w.named(thrifty).limit+1+w.dice.IntN(5))
}

func (w *world) allow(ctx context.Context, deletions int) error {
	t := w.named(thrifty)
	w.ledger.mu.Lock()
	t.limit = deletions
	w.ledger.mu.Unlock()
	return w.edit(ctx, t, map[string]any{"limits": map[string]any{"deletionsPerHour": deletions}}, func(time.Time) {})
}

// rotate gives the app a new secret. For a while the cluster still has the old one, or Entra has.
func (w actor) rotate(ctx context.Context) error {
	t := w.named(moody)
	t.secrets++
	t.app.Secret = fmt.Sprintf("secret number %d", t.secrets)
	entra := func() error { return w.front.graph.AddApp(t.app) }
	cluster := func() error { return w.giveCredential(ctx, t) }
	first, second := entra, cluster
	if w.dice.IntN(2) == 0 {
		first, second = cluster, entra
	}
	if err := first(); err != nil {
		return err
	}
	pause(ctx, w.dice, time.Second)
	return second()
}

func (w *world) giveCredential(ctx context.Context, t *tenant) error {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: t.name}}
	return w.merge(ctx, secret, map[string]any{"stringData": map[string]string{install.CredentialKey: t.app.Secret}})
}

// content gives the tenants what they need to work.
func (w *world) content(ctx context.Context) error {
	if err := w.giveCredential(ctx, w.named(moody)); err != nil {
		return err
	}
	if err := w.allow(ctx, many); err != nil {
		return err
	}
	return actor{world: w}.giveAll(ctx)
}

// takeAccess leaves the team without access; giveAll gives everybody theirs and lets the tenant write.
func (w actor) takeAccess(ctx context.Context) error {
	t := w.named(moody)
	w.ledger.mu.Lock()
	t.tookAccess = true // for ever: who left meanwhile left the phone
	w.ledger.mu.Unlock()
	return w.edit(ctx, t, map[string]any{"access": access(people), "mode": v1alpha1.ModeEnforce}, func(now time.Time) {
		t.barred = map[string]time.Time{team: now}
	})
}

func (w actor) giveAll(ctx context.Context) error {
	return w.edit(ctx, w.named(moody), map[string]any{"access": access(people, team), "mode": v1alpha1.ModeEnforce}, func(time.Time) {})
}

// silence puts the tenant into mode Observe.
func (w actor) silence(ctx context.Context) error {
	t := w.named(moody)
	return w.edit(ctx, t, map[string]any{"access": access(people, team), "mode": v1alpha1.ModeObserve}, func(now time.Time) { t.silent = now })
}

// unfreeze: a resource that the rules do not cover loses its record. When they cover it again its phone may be adopted,
// as adoptionPolicy says. l.mu is held.
func (l *ledger) unfreeze(t *realm) {
	for _, a := range l.users {
		if a.realm != t {
			continue
		}
		for _, s := range a.slots {
			s.frozen = time.Time{}
		}
	}
}

// edit changes a tenant's spec. What it forbids holds from when the operator has reported that it knows.
func (w *world) edit(ctx context.Context, t *tenant, spec map[string]any, known func(time.Time)) error {
	w.ledger.mu.Lock()
	t.silent, t.barred = time.Time{}, map[string]time.Time{} // what it forbade until now may be allowed at once
	if spec["access"] != nil {
		w.ledger.unfreeze(t.realm)
	}
	w.ledger.mu.Unlock()
	o := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: t.name}}
	if err := w.merge(ctx, o, map[string]any{"spec": spec}); err != nil {
		return err
	}
	generation := o.Generation
	return w.until(ctx, func() bool {
		if w.Get(ctx, client.ObjectKeyFromObject(o), o) != nil || o.Status.ObservedGeneration < generation {
			return false
		}
		w.ledger.mu.Lock()
		defer w.ledger.mu.Unlock()
		known(time.Now())
		return true
	})
}
