package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/oracle"
)

// verdict is what is not as it should be at the end.
type verdict struct {
	user *account // nil: no single one
	what string
	// patience says that only the operator's patience is between this and what it should be: it counts rarely, and
	// gives a new user two minutes to come.
	patience bool
}

// verdicts hold the cluster and Graph against each other: what the resources say now, and what Graph has now. It knows
// nothing of how they came to be so but whose phone each is.
func (w *world) verdicts(ctx context.Context) ([]verdict, error) {
	var all v1alpha1.PhoneAuthenticationMethodList
	if err := w.List(ctx, &all); err != nil {
		return nil, err
	}
	var out []verdict
	byUser := map[*account][]*v1alpha1.PhoneAuthenticationMethod{}
	w.ledger.mu.Lock()
	for i := range all.Items {
		o := &all.Items[i]
		if r := w.ledger.resources[client.ObjectKeyFromObject(o).String()]; r != nil && r.refused() {
			w.ledger.judgeTold(o, r)
			if what := oracle.Refused(o); what != "" {
				out = append(out, verdict{user: r.user, what: r.ref + ": " + what})
			}
		} else if r != nil {
			a := w.ledger.meant(o, r)
			byUser[a] = append(byUser[a], o)
		} else {
			out = append(out, verdict{what: "nobody made " + o.Name})
		}
	}
	w.ledger.mu.Unlock()
	for a, resources := range byUser {
		out = append(out, w.ofUser(a, resources)...)
	}
	tenants, err := w.ofTenants(ctx, all.Items)
	return append(out, tenants...), err
}

// meant is the user whom a resource means: to whom the operator bound it, else whose its spelling is. l.mu is held.
func (l *ledger) meant(o *v1alpha1.PhoneAuthenticationMethod, r *resource) *account {
	return cmp.Or(l.users[o.Status.UserID], l.names[r.spelling], r.user)
}

// ofUser judges one user.
func (w *world) ofUser(a *account, resources []*v1alpha1.PhoneAuthenticationMethod) (out []verdict) {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	phones := w.front.graph.Phones(a.id)
	has := func(t string) *emulator.Phone {
		if i := slices.IndexFunc(phones, func(p emulator.Phone) bool { return p.Type == t }); i >= 0 {
			return &phones[i]
		}
		return nil
	}
	for _, t := range phoneTypes {
		slot := oracle.Slot{
			Type: t, Phone: has(t), Mobile: has(emulator.Mobile) != nil,
			Foreign: a.slot(t).by == byHand || a.realm.tookAccess && w.ledger.spokenForBy(team, a, t),
			Observe: a.realm.name == watched, Privileged: a.admin, Gone: a.gone,
		}
		for _, o := range resources {
			if string(o.Spec.PhoneType) == t {
				slot.Claims = append(slot.Claims, w.claim(o))
			}
		}
		wrong := slot.Wrong()
		for i := range slot.Claims {
			slot.Claims[i].Patient = true
		}
		lasting := slot.Wrong()
		for _, what := range wrong {
			out = append(out, verdict{a, what, !slices.Contains(lasting, what)})
		}
	}
	return out
}

// grace is how long the operator says of a new resource that its user may still come.
const grace = 2 * time.Minute

// claim is what the ledger knows of a resource. The ledger is held.
func (w *world) claim(o *v1alpha1.PhoneAuthenticationMethod) oracle.Claim {
	l := w.ledger
	now := cmp.Or(l.users[strings.ToLower(o.Spec.User)], l.names[strings.ToLower(o.Spec.User)])
	versions := l.resources[client.ObjectKeyFromObject(o).String()].versions
	return oracle.Claim{
		PhoneAuthenticationMethod: o,
		Number:                    versions[len(versions)-1].Number,
		Astray:                    o.Status.UserID != "" && now != nil && now.id != o.Status.UserID,
		Nobody:                    now == nil || now.gone,
		Unfound:                   o.Status.UserID == "" && l.users[strings.ToLower(o.Spec.User)] != nil,
		Patient: meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionStalled) ||
			time.Since(o.CreationTimestamp.Time)+w.quiet+w.quiet/2 < grace,
	}
}

// ofTenants judges what the tenants say of themselves and of their resources.
func (w *world) ofTenants(ctx context.Context, all []v1alpha1.PhoneAuthenticationMethod) ([]verdict, error) {
	var tenants v1alpha1.EntraTenantList
	if err := w.List(ctx, &tenants); err != nil {
		return nil, err
	}
	var out []verdict
	for i := range tenants.Items {
		t := &tenants.Items[i]
		if !meta.IsStatusConditionTrue(t.Status.Conditions, v1alpha1.ConditionReady) {
			out = append(out, verdict{what: fmt.Sprintf("tenant %s is not Ready", t.Name)})
		}
		if what := oracle.Counts(t, all); what != "" {
			out = append(out, verdict{nil, what, true})
		}
	}
	return out, nil
}
