package main

import (
	"context"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// plots are what the lives of some users begin with: short stories for what chance brings seldom. They are by the
// user's index, which says what tenant the user is of.
var plots = map[int]func(u *user, going, acts context.Context) error{
	0: (*user).deleteDefault,
	2: (*user).deleteOverBudget, // thrifty
	3: (*user).drift,
	4: (*user).loseName,
}

// begin plays the user's plot, if there is one, as far as it comes while going lasts.
func (u *user) begin(going, acts context.Context) error {
	plot := plots[u.index]
	if plot == nil || u.w.calm {
		return nil
	}
	if err := plot(u, going, acts); err != nil && going.Err() == nil {
		return err
	}
	return nil
}

// deleteDefault deletes the resource of a phone that Graph keeps because it is the user's default.
func (u *user) deleteDefault(going, acts context.Context) error {
	if err := u.setByHandTo(acts, emulator.Mobile); err != nil {
		return err
	}
	if err := u.office(going, acts, v1alpha1.DriftCorrect); err != nil {
		return err
	}
	if err := u.setDefault(emulator.Office); err != nil {
		return err
	}
	return u.deleteAll(acts)
}

func (u *user) deleteOverBudget(going, acts context.Context) error {
	if err := u.office(going, acts, v1alpha1.DriftCorrect); err != nil {
		return err
	}
	return u.deleteAll(acts)
}

// drift changes a phone that is to be left so.
func (u *user) drift(going, acts context.Context) error {
	if err := u.office(going, acts, v1alpha1.DriftReport); err != nil {
		return err
	}
	if err := u.setByHandTo(acts, emulator.Office); err != nil {
		return err
	}
	return u.ask(acts)
}

func (u *user) loseName(going, acts context.Context) error {
	if err := u.office(going, acts, v1alpha1.DriftCorrect); err != nil {
		return err
	}
	if err := u.giveName(acts); err != nil {
		return err
	}
	return u.ask(acts)
}

// office declares an office phone, and waits until the operator says that it is there.
func (u *user) office(going, acts context.Context, drift v1alpha1.DriftPolicy) error {
	r, err := u.declare(acts, people, v1alpha1.PhoneAuthenticationMethodSpec{
		User: u.upn, PhoneType: v1alpha1.PhoneTypeOffice, PhoneNumber: u.number(),
		AdoptionPolicy: v1alpha1.AdoptAlways, DriftPolicy: drift,
	}, false)
	if err != nil {
		return err
	}
	return u.w.until(going, func() bool {
		u.w.ledger.mu.Lock()
		defer u.w.ledger.mu.Unlock()
		return r.told == v1alpha1.ReasonReady
	})
}
