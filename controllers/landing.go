package controllers

import (
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/user"
)

// landing is how long Graph may yet carry out a write whose end nobody heard. The
// caller may be gone; Graph goes on until its own limit, and what lands then lands
// over anything newer.
const landing = graph.WriteTimeout

// mayLand notes that a write may land until then: once more after that, the user is
// looked at.
func (p *pass) mayLand(until time.Time) { p.landings.Set(p.key, until, 2*landing) }

// creation is a key of landings beside user.Key: creates of a phone type alone.
type creation struct {
	user.Key
	phone.Type
}

// createLands is when no create of the phone type is left that may land and nobody
// heard the end of.
func (p *pass) createLands(t phone.Type) time.Time {
	if until, ok := p.landings.Get(creation{p.key, t}); ok {
		return until.(time.Time)
	}
	return time.Time{}
}

// mayCome notes that a create may land until then.
func (p *pass) mayCome(t phone.Type, until time.Time) {
	p.landings.Set(creation{p.key, t}, later(until, p.createLands(t)), 2*landing)
}

// recallCreates learns from status what an operator before this one knew of creates
// that may land. When they were begun it need not know: not after it began
// itself, whatever its clock says.
func (p *pass) recallCreates() {
	for _, c := range p.claims {
		p.mindPendingCreate(c)
	}
}

// mindPendingCreate notes by when a create has landed that an earlier operator began for c
// and did not settle: it may have been at it when it was killed, right before this one
// began. What this operator begins it knows itself.
func (p *pass) mindPendingCreate(c *claim) {
	w, until := c.object.Status.PendingWrite, p.started.Add(landing)
	if w == nil || w.Action != v1alpha1.PendingCreate || !until.After(p.Now()) {
		return
	}
	if own, ok := p.intents.Get(c.object.UID); ok && own.(time.Time).Equal(w.Since.Time) {
		return
	}
	p.mayCome(c.Type, until)
}

// intentKept is how long it matters which operator recorded an intent.
const intentKept = 2 * landing

// settled reports whether nothing is left of a claim's pending write that could yet come
// to pass. m is what Graph shows of the phone type, nil for none.
func (p *pass) pendingSettled(c *claim, v plan.Verdict) bool {
	switch lands := p.createLands(c.Type); {
	case lands.After(p.now):
		p.lookAgain(lands.Sub(p.now))
		return false
	case v.Holds, c.Creating == "", v.Outcome == plan.Rejected:
		return true
	case p.memory[c.Type] != nil, c.Leaving: // what a leaver began, it takes along if it comes
		return false
	}
	begun := later(p.started, c.object.Status.PendingWrite.Since.Time)
	if v.Method != nil { // another phone, unless the read lags; a masked number shows nothing
		return v.Method.Number != phone.Reading{} && begun.Add(catchUp).Before(p.now)
	}
	return begun.Add(landing).Before(p.now)
}

// expirePendingWrite drops what a suspended resource has pending once it has landed or will
// not any more. Nothing is read for the resource by which it could be settled, and a phone
// of the same mask that somebody adds later must not be taken for its own.
func (p *pass) expirePendingWrite(c *claim) {
	w := c.object.Status.PendingWrite
	if w == nil {
		return
	}
	if wait := later(p.started, w.Since.Time).Add(landing + catchUp).Sub(p.now); wait > 0 {
		p.lookAgain(wait)
		return
	}
	c.object.Status.PendingWrite = nil
}

// awaitLanding has the user looked at once more when what may land has landed.
func (p *pass) awaitLanding() {
	until, ok := p.landings.Get(p.key)
	if !ok {
		return
	}
	if wait := until.(time.Time).Sub(p.now); wait > 0 {
		p.lookAgain(wait)
	}
}

// mindPredecessor notes that a write may yet land which an operator before this one was
// at when it was killed: of a user for whom there is something to do, and who had
// something to do with it.
func (p *pass) mindPredecessor() {
	known := slices.ContainsFunc(p.claims, func(c *claim) bool { return controllerutil.ContainsFinalizer(c.object, v1alpha1.Finalizer) })
	if until := p.started.Add(landing); known && until.After(p.now) && p.urgent() {
		p.mayLand(until)
	}
}

// written notes what a write that Graph acknowledged may yet be overwritten by: an
// update whose end an operator before this one did not hear.
func (p *pass) written(a plan.Action) {
	if until := p.started.Add(landing); a.Verb == plan.Update && until.After(p.Now()) {
		p.mayLand(until)
	}
}
