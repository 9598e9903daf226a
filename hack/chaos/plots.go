package main

import (
	"context"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// plots are what the lives of some users begin with: short stories, each of which brings the operator to give a reason.
// Without them nothing would be tried of what the reasons stand for. They are by the user's index, which says what tenant
// the user is of: steady, but for those that say another.
var plots = map[int]struct {
	reason string
	play   func(u *user, ctx context.Context) error
}{
	0:  {v1alpha1.ReasonDefaultMethod, (*user).deleteDefault},
	2:  {v1alpha1.ReasonDeletionBudgetExhausted, (*user).deleteOffice}, // thrifty
	3:  {v1alpha1.ReasonDriftDetected, (*user).drift},
	4:  {v1alpha1.ReasonUserChanged, (*user).loseName},
	7:  {v1alpha1.ReasonNotPermitted, (*user).stayOutside},
	8:  {v1alpha1.ReasonConflict, (*user).rival},
	9:  {v1alpha1.ReasonWouldChange, (*user).declareOffice}, // watched
	11: {v1alpha1.ReasonPrivilegedUser, (*user).rise},
	12: {v1alpha1.ReasonUserNotFound, (*user).leave},
	15: {v1alpha1.ReasonNumberSourceNotFound, (*user).forgetSecret},
	16: {v1alpha1.ReasonAlreadyExists, (*user).haveAlready},
	20: {v1alpha1.ReasonWaitingForMobile, (*user).alternateAlone},
}

// plays reports whether there is a user for the plot of a reason.
func (w *world) plays(reason string) bool {
	for i, p := range plots {
		if p.reason == reason {
			return i < w.options.users && !w.calm
		}
	}
	return false
}

// begin plays the user's plot, if there is one, to its end: until the operator has given the reason. That may be after
// the bad times; where it never comes, the run says so.
func (u *user) begin(ctx context.Context) error {
	plot, ok := plots[u.index]
	if !ok || u.hostile || u.w.calm {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, u.w.duration+u.w.patience)
	defer cancel()
	err := plot.play(u, bounded)
	if err == nil {
		err = u.w.until(bounded, func() bool { return u.w.ledger.met("told: " + plot.reason) })
	}
	if bounded.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}

// deleteDefault deletes the resource of a phone that Graph keeps because it is the user's default.
func (u *user) deleteDefault(ctx context.Context) error {
	if err := u.setByHandTo(ctx, emulator.Mobile); err != nil {
		return err
	}
	if err := u.office(ctx, v1alpha1.DriftCorrect); err != nil {
		return err
	}
	if err := u.setDefault(emulator.Office); err != nil {
		return err
	}
	return u.deleteAll(ctx)
}

func (u *user) deleteOffice(ctx context.Context) error {
	if err := u.office(ctx, v1alpha1.DriftCorrect); err != nil {
		return err
	}
	return u.deleteAll(ctx)
}

// drift changes a phone that is to be left so.
func (u *user) drift(ctx context.Context) error {
	if err := u.office(ctx, v1alpha1.DriftReport); err != nil {
		return err
	}
	if err := u.setByHandTo(ctx, emulator.Office); err != nil {
		return err
	}
	return u.ask(ctx)
}

func (u *user) loseName(ctx context.Context) error {
	if err := u.office(ctx, v1alpha1.DriftCorrect); err != nil {
		return err
	}
	if err := u.giveName(ctx); err != nil {
		return err
	}
	return u.ask(ctx)
}

func (u *user) stayOutside(ctx context.Context) error {
	_, err := u.declare(ctx, outsiders, u.officeSpec(v1alpha1.DriftCorrect), false)
	return err
}

// rival declares what somebody has declared already.
func (u *user) rival(ctx context.Context) error {
	if err := u.office(ctx, v1alpha1.DriftCorrect); err != nil {
		return err
	}
	return u.declareOffice(ctx)
}

func (u *user) rise(ctx context.Context) error {
	if err := u.setAdmin(true); err != nil {
		return err
	}
	return u.declareOffice(ctx)
}

func (u *user) leave(ctx context.Context) error {
	if err := u.vanish(ctx); err != nil {
		return err
	}
	return u.declareOffice(ctx)
}

func (u *user) forgetSecret(ctx context.Context) error {
	if _, err := u.declare(ctx, people, u.officeSpec(v1alpha1.DriftCorrect), true); err != nil {
		return err
	}
	return u.loseSecret(ctx)
}

func (u *user) haveAlready(ctx context.Context) error {
	if err := u.setByHandTo(ctx, emulator.Office); err != nil {
		return err
	}
	spec := u.officeSpec(v1alpha1.DriftCorrect)
	spec.AdoptionPolicy = v1alpha1.AdoptNever
	_, err := u.declare(ctx, people, spec, false)
	return err
}

func (u *user) alternateAlone(ctx context.Context) error {
	for _, t := range []string{emulator.AlternateMobile, emulator.Mobile} {
		if err := u.byHand(ctx, t, "", func() error { return u.w.front.graph.RemovePhone(u.id, t) }); err != nil {
			return err
		}
	}
	spec := u.officeSpec(v1alpha1.DriftCorrect)
	spec.PhoneType = v1alpha1.PhoneTypeAlternateMobile
	_, err := u.declare(ctx, people, spec, false)
	return err
}

func (u *user) officeSpec(drift v1alpha1.DriftPolicy) v1alpha1.PhoneAuthenticationMethodSpec {
	return v1alpha1.PhoneAuthenticationMethodSpec{
		User: u.upn, PhoneType: v1alpha1.PhoneTypeOffice, PhoneNumber: u.number(), AdoptionPolicy: v1alpha1.AdoptAlways, DriftPolicy: drift,
	}
}

func (u *user) declareOffice(ctx context.Context) error {
	_, err := u.declare(ctx, people, u.officeSpec(v1alpha1.DriftCorrect), false)
	return err
}

// office declares an office phone, and waits until the operator says that it is there.
func (u *user) office(ctx context.Context, drift v1alpha1.DriftPolicy) error {
	r, err := u.declare(ctx, people, u.officeSpec(drift), false)
	if err != nil {
		return err
	}
	return u.w.until(ctx, func() bool {
		u.w.ledger.mu.Lock()
		defer u.w.ledger.mu.Unlock()
		return r.told == v1alpha1.ReasonReady
	})
}
