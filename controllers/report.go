package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// report writes the verdicts of a plan into status. Whoever comes to hold a
// method is noted as its holder before a resource that leaves is let go.
func (p *pass) report(ctx context.Context, decided plan.Plan) error {
	p.countGuesses(decided)
	for _, c := range p.claims {
		if v := decided.Verdicts[c.Ref]; c.failed == nil && v.Holds && v.Outcome != plan.Released && !c.Leaving {
			c.failed = p.ensureFinalizer(ctx, c)
		}
	}
	return p.reportEach(ctx, func(c *claim) conditions.Set {
		v := decided.Verdicts[c.Ref]
		if v.Outcome != plan.Suspended {
			p.holding(c, v)
		}
		if v.Outcome == plan.Synced {
			p.settled(c)
		}
		return p.find(c, v)
	})
}

// holding writes what a claim holds into its status, not yet to the API server.
func (p *pass) holding(c *claim, v plan.Verdict) {
	s := &c.object.Status
	s.ID = ""
	if v.Holds {
		s.ID = graph.MethodID(c.Type)
	}
	switch {
	case !v.Holds || v.Method == nil:
		s.SMSSignInState = ""
	case v.Method.SMS != "":
		s.SMSSignInState = string(v.Method.SMS)
	}
	if s.PendingWrite != nil && p.pendingSettled(c, v) {
		s.PendingWrite = nil
	}
	// Of a holder this is the number last in sync: it tells an edit from drift.
	switch number := c.Number; {
	case !number.IsZero() && (v.Outcome == plan.Synced || !v.Holds):
		s.MaskedNumber = number.Masked()
	case v.Holds && !c.Holder:
		s.MaskedNumber = "" // it made the phone, and was not in sync with it yet
	case c.Holder && c.Last != "":
		s.MaskedNumber = c.Last
	}
}

// reportEach writes what find says of each claim, changes only. One resource
// that cannot be written does not keep the others from their report; leavers go
// last, and only if it was written who holds the phone type.
func (p *pass) reportEach(ctx context.Context, find func(*claim) conditions.Set) error {
	var failed []error
	var leavers []*claim
	unrecorded := map[phone.Type]bool{}
	for _, c := range slices.SortedStableFunc(slices.Values(p.claims), leaversLast) {
		before := c.object.DeepCopy()
		f := conditions.Set{}
		if s := &c.object.Status; c.Suspended && !c.Leaving {
			conditions.Suspend(s, c.object.Generation, p.user.ID != "")
			p.expirePendingWrite(c)
		} else {
			f = find(c)
			meta.RemoveStatusCondition(&s.Conditions, v1alpha1.ConditionSuspended)
			f.Apply(s, c.object.Generation)
			if p.user.ID != "" && s.UserID == "" && c.unheard == nil {
				s.UserID = p.user.ID
			}
			if !f.Open {
				s.LastHandledRequest = requested(c.object)
			}
		}
		if f.Release {
			leavers = append(leavers, c)
			continue
		}
		if c.failed == nil {
			c.failed = p.patchStatus(ctx, c, before)
		}
		p.contest(ctx, c)
		if c.failed != nil {
			failed = append(failed, c.failed)
			unrecorded[c.Type] = unrecorded[c.Type] || c.object.Status.ID != ""
			continue
		}
		p.tellTransition(c, before, f)
	}
	for _, c := range leavers {
		failed = append(failed, p.releaseOrTell(ctx, c, unrecorded[c.Type]))
	}
	return errors.Join(failed...)
}

// releaseOrTell lets a resource go. One that stays, since its heir could not be recorded
// or its finalizer not be taken off, must not go on saying that its phone is there.
func (p *pass) releaseOrTell(ctx context.Context, c *claim, waits bool) error {
	var err error
	if !waits {
		if err = p.release(ctx, c); err == nil || onlyConflicts(err) {
			return err
		}
	}
	if !isReady(c.object) {
		return err
	}
	return errors.Join(err, p.sayPending(ctx, c, "The phone was deleted or handed on; the resource goes as soon as the API server takes that."))
}

func leaversLast(a, b *claim) int {
	switch {
	case a.Leaving == b.Leaving:
		return 0
	case a.Leaving:
		return 1
	}
	return -1
}

func (p *pass) patchStatus(ctx context.Context, c *claim, before *v1alpha1.PhoneAuthenticationMethod) error {
	if equality.Semantic.DeepEqual(before.Status, c.object.Status) {
		return nil
	}
	err := p.Client.Status().Patch(ctx, c.object, optimistic(before))
	switch {
	case apierrors.IsNotFound(err):
		// The API server may delete a resource in the moment in which a finalizer is put
		// on it. What was made for it then has nobody to speak for it.
		if c.made && !c.vanished {
			c.vanished, c.Leaving = true, true
		}
	case err != nil:
		return p.notWritten(ctx, c, ofStatus, fmt.Errorf("write the status of %s: %w", c.Ref, err))
	default:
		p.wrote(c, ofStatus)
	}
	return nil
}

func (p *pass) anyVanished() bool {
	return slices.ContainsFunc(p.claims, func(c *claim) bool { return c.vanished })
}

// tellLeftBehind logs what could not be taken along with a resource that vanished:
// there is no resource to say it of.
func (p *pass) tellLeftBehind(ctx context.Context, decided plan.Plan) {
	for _, c := range p.claims {
		if v := decided.Verdicts[c.Ref]; c.vanished && v.Holds && v.Outcome != plan.Released {
			log.FromContext(ctx).Info("a phone stays in Graph that no resource speaks for", "resource", c.Ref, "phoneType", c.Type)
		}
	}
}

// unknown reports that Graph kept the pass from a verdict, and returns the error
// for the queue. What was found stays: bad weather at Graph says nothing about a
// phone, and must not rewrite every resource of a tenant. It goes where the resource
// wants something else since, or where the pass had seen a difference before the
// trouble began; decided is what it knew by then, nil for nothing.
func (p *pass) unknown(ctx context.Context, err error, decided map[string]plan.Verdict) error {
	var failure *graph.Error
	if !errors.As(err, &failure) {
		return err
	}
	found := conditions.ForFailure(failure, p.observing())
	return errors.Join(err, p.reportEach(ctx, func(c *claim) conditions.Set {
		o := c.object
		if c.Holder && o.Status.ID == "" { // made before the trouble began
			o.Status.ID, o.Status.MaskedNumber = graph.MethodID(c.Type), c.Last
		}
		if c.fresh && c.Creating == "" {
			o.Status.PendingWrite = nil
		}
		if c.veiled && !p.ofTheTenant(err) {
			return conditions.NotCoveredYet()
		}
		if v, seen := decided[c.Ref]; found.Progress == conditions.InProgress && isSettled(o) && !c.differs() && (!seen || !contradicts(o, v)) {
			return conditions.Unchanged()
		}
		return found
	}))
}

// differs says whether the claim's number is another than the one that was looked at:
// what is in a Secret changes without a new generation.
func (c *claim) differs() bool {
	if c.Leaving || c.Suspended {
		return false
	}
	unusable := c.Barred == plan.InvalidNumber || c.Barred == plan.NumberSourceNotFound
	ready := meta.FindStatusCondition(c.object.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return true // a status that was restored in part
	}
	if said := ready.Reason == v1alpha1.ReasonInvalidNumber || ready.Reason == v1alpha1.ReasonNumberSourceNotFound; said != unusable {
		return true
	}
	return c.Holder && !unusable && c.Last != c.Number.Masked()
}

// contradicts says whether a verdict is another than what the resource says.
func contradicts(o *v1alpha1.PhoneAuthenticationMethod, v plan.Verdict) bool {
	if isReady(o) {
		return v.Outcome != plan.Synced || v.SMS != plan.SMSAsAsked
	}
	return v.Outcome == plan.Synced || v.Outcome == plan.Pending || v.Outcome == plan.HandingOver
}
