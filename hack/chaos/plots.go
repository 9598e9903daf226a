package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// plots are short stories before the bad times, each of which brings the operator to give a reason. They are by the
// user's index, which says what tenant the user is of: steady, but for those that say another.
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

// play has all plots played, before anything disturbs the operator, until it has given each reason.
func (w *world) play(ctx context.Context) error {
	if w.calm {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	for i, plot := range plots {
		if i >= w.options.users {
			continue
		}
		group.Go(func() error {
			if err := plot.play(w.users[i], ctx); err != nil {
				return fmt.Errorf("the plot of %s: %w", plot.reason, err)
			}
			if err := w.until(ctx, func() bool { return w.ledger.met("told: " + plot.reason) }); err != nil {
				return fmt.Errorf("nobody is told %s: %w", plot.reason, err)
			}
			return nil
		})
	}
	return group.Wait()
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
