package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// tenant is one EntraTenant and the Entra tenant behind it.
type tenant struct {
	*realm
	app     emulator.App
	secrets int // how many client secrets there were
}

// The tenants: one that is left in peace, one whose administrators are never content, and one that is only observed.
const (
	steady  = "steady"
	moody   = "moody"
	watched = "watched"
)

const clientID = "66666666-7777-8888-9999-000000000000"

// populate makes the tenants and users, in Graph and in the cluster.
func (w *world) populate(ctx context.Context) error {
	for i, name := range []string{steady, moody, watched} {
		id := fmt.Sprintf("11111111-2222-3333-4444-%012d", i+1)
		t := &tenant{
			realm: &realm{name: name, id: id, barred: map[string]time.Time{}},
			app: emulator.App{TenantID: id, ClientID: clientID, Secret: "the first secret", Roles: []string{
				"UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All", "GroupMember.Read.All", "RoleManagement.Read.Directory"}},
		}
		if err := w.front.graph.AddTenant(emulator.Tenant{ID: id}); err != nil {
			return err
		}
		if err := w.front.graph.AddApp(t.app); err != nil {
			return err
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
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: "graph-" + t.name},
		StringData: map[string]string{"clientSecret": t.app.Secret}}
	if err := w.Create(ctx, secret); err != nil {
		return err
	}
	many := int32(1 << 20)
	o := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: t.name}, Spec: v1alpha1.EntraTenantSpec{
		TenantID: t.id, ClientID: clientID,
		Credential: v1alpha1.Credential{ClientSecret: &v1alpha1.ClientSecretCredential{
			SecretRef: v1alpha1.SecretReference{Namespace: system, Name: secret.Name, Key: "clientSecret"}}},
		Endpoint:     &v1alpha1.Endpoint{Graph: w.front.url, Authority: w.front.url, CABundle: w.front.ca},
		Access:       access(people, team),
		ResyncPeriod: &metav1.Duration{Duration: time.Minute},
		Limits:       &v1alpha1.Limits{DeletionsPerHour: &many},
	}}
	if t.name == watched {
		o.Spec.Mode = v1alpha1.ModeObserve
	}
	return w.Create(ctx, o)
}

// access lets namespaces manage everybody's phones.
func access(namespaces ...string) []v1alpha1.AccessRule {
	var rules []v1alpha1.AccessRule
	for _, name := range namespaces {
		rules = append(rules, v1alpha1.AccessRule{
			Namespaces: metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: name}}, Users: []string{"*@contoso.com"},
		})
	}
	return rules
}

// administrate edits the moody tenant until going ends.
func (w *world) administrate(going, ctx context.Context) error {
	t, dice := w.tenants[1], w.dice("administrator")
	for pause(going, dice, w.blows*3/2) {
		var err error
		switch dice.IntN(4) {
		case 0:
			err = w.rotate(ctx, t, dice)
		case 1:
			err = w.takeAccess(ctx, t)
		case 2:
			err = w.giveAll(ctx, t)
		default:
			err = w.silence(ctx, t)
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// rotate gives the app a new secret. For a while the cluster still has the old one, or Entra has.
func (w *world) rotate(ctx context.Context, t *tenant, dice *rand.Rand) error {
	w.ledger.count("act: credential rotated")
	t.secrets++
	t.app.Secret = fmt.Sprintf("secret number %d", t.secrets)
	entra := func() error { return w.front.graph.AddApp(t.app) }
	cluster := func() error {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: "graph-" + t.name}}
		return w.merge(ctx, secret, map[string]any{"stringData": map[string]string{"clientSecret": t.app.Secret}})
	}
	first, second := entra, cluster
	if dice.IntN(2) == 0 {
		first, second = cluster, entra
	}
	if err := first(); err != nil {
		return err
	}
	pause(ctx, dice, time.Second)
	return second()
}

// content gives a tenant what it needs to work.
func (w *world) content(ctx context.Context, t *tenant) error {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: "graph-" + t.name}}
	if err := w.merge(ctx, secret, map[string]any{"stringData": map[string]string{"clientSecret": t.app.Secret}}); err != nil {
		return err
	}
	return w.giveAll(ctx, t)
}

// takeAccess leaves the team without access; giveAll gives everybody theirs and lets the tenant write.
func (w *world) takeAccess(ctx context.Context, t *tenant) error {
	w.ledger.count("act: access taken")
	w.ledger.mu.Lock()
	t.tookAccess = true // for ever: who left meanwhile left the phone
	w.ledger.mu.Unlock()
	return w.edit(ctx, t, map[string]any{"access": access(people), "mode": v1alpha1.ModeEnforce}, func(now time.Time) {
		t.barred = map[string]time.Time{team: now}
		t.silent = time.Time{}
	})
}

func (w *world) giveAll(ctx context.Context, t *tenant) error {
	w.ledger.count("act: access given")
	return w.edit(ctx, t, map[string]any{"access": access(people, team), "mode": v1alpha1.ModeEnforce}, func(time.Time) {})
}

// silence puts the tenant into mode Observe.
func (w *world) silence(ctx context.Context, t *tenant) error {
	w.ledger.count("act: mode Observe")
	return w.edit(ctx, t, map[string]any{"access": access(people, team), "mode": v1alpha1.ModeObserve}, func(now time.Time) { t.silent = now })
}

// edit changes a tenant's spec. What it forbids holds from when the operator has reported that it knows.
func (w *world) edit(ctx context.Context, t *tenant, spec map[string]any, known func(time.Time)) error {
	w.ledger.mu.Lock()
	t.silent, t.barred = time.Time{}, map[string]time.Time{} // what it forbade until now may be allowed at once
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

// merge patches an object and tries until the API server says that it is done.
func (w *world) merge(ctx context.Context, o client.Object, patch map[string]any) error {
	text, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	return w.persist(ctx, func() error {
		return w.Patch(ctx, o, client.RawPatch("application/merge-patch+json", text))
	})
}
