package main

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testing/oracle"
)

// What is done to phones in Graph behind everybody's back.

func (u *user) setByHand(ctx context.Context) error {
	t, number := phoneTypes[u.dice.IntN(3)], u.number()
	return u.byHand(ctx, t, number, func() error { return u.w.front.graph.SetPhone(u.id, t, number) })
}

func (u *user) removeByHand(ctx context.Context) error {
	t := phoneTypes[u.dice.IntN(3)]
	return u.byHand(ctx, t, "", func() error { return u.w.front.graph.RemovePhone(u.id, t) })
}

func (u *user) byHand(ctx context.Context, phoneType, number string, do func() error) error {
	if u.gone {
		return errNothing
	}
	settled := u.settled(ctx, phoneType, oracle.Plain(number))
	u.busy.Lock()
	defer u.busy.Unlock()
	if err := do(); err != nil {
		return err
	}
	u.w.ledger.hand(u.account, phoneType, oracle.Plain(number), settled)
	return nil
}

// settled reports whether one resource speaks for the phone type, is Ready with its newest number, and asks nothing of
// SMS sign-in: whatever a hand does now to another number is drift and nothing else.
func (u *user) settled(ctx context.Context, phoneType, number string) bool {
	for _, r := range u.resources {
		if r.phoneType != phoneType {
			continue
		}
		o := u.object(r)
		v := r.versions[len(r.versions)-1]
		if u.w.Get(ctx, client.ObjectKeyFromObject(o), o) != nil {
			return false
		}
		u.w.ledger.mu.Lock()
		has := u.slot(phoneType).number
		u.w.ledger.mu.Unlock()
		if has != v.Number || number != "" && number[len(number)-2:] == has[len(has)-2:] {
			return false // an operator that keeps only masks may take the new number for the old one
		}
		synced := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionSynced)
		return meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady) && synced.ObservedGeneration == o.Generation &&
			v.SMS == "" && !r.inSecret &&
			o.Annotations[v1alpha1.ReconcileRequestedAtAnnotation] == o.Status.LastHandledRequest
	}
	return false
}
