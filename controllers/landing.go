package controllers

import (
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// landing is how long Graph may yet carry out a write whose end nobody heard. The
// caller may be gone; Graph goes on until its own limit, and what lands then lands
// over anything newer.
const landing = graph.WriteTimeout

// mayLand notes that a write may land until then: once more after that, the user is
// looked at.
func (p *pass) mayLand(until time.Time) { p.landings.Set(p.key, until, 2*landing) }

// creation is a key of landings beside UserKey: creates of a phone type alone.
type creation struct {
	UserKey
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

// landsMark stands in a note before the time by which an earlier create has landed.
const landsMark = " until "

// ahead is for how much longer than need be a note is written, so that not each
// attempt writes one.
const ahead = 15 * time.Second

// landsNote is what the note of a create says of those before it that may yet land:
// their end nobody heard, be it that the answer was lost or that the operator was
// killed. It is written for longer than need be, so that not each attempt writes.
func (p *pass) landsNote(c *claim) string {
	if until := p.started.Add(landing); c.Creating != "" && until.After(p.Now()) {
		p.mayCome(c.Type, until)
	}
	lands, said := p.createLands(c.Type), landsBy(c.object)
	switch {
	case !lands.After(p.Now()):
		return ""
	case said.Before(lands):
		said = lands.Add(ahead)
	}
	return landsMark + said.UTC().Format(time.RFC3339)
}

// landsBy reads from the note of a resource by when earlier creates have landed.
func landsBy(o *v1alpha1.PhoneAuthenticationMethod) time.Time {
	_, text, _ := strings.Cut(o.Annotations[v1alpha1.CreatingAnnotation], landsMark)
	by, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return by
}

// recallCreates learns from the notes what an operator before this one knew of creates
// that may land. A time that no operator can have written is none.
func (p *pass) recallCreates(t phone.Type) {
	for _, c := range p.claims {
		by := landsBy(c.object)
		if c.Type == t && by.After(p.now) && !by.After(p.now.Add(2*landing)) && p.started.After(by.Add(-2*landing)) {
			p.mayCome(t, by)
		}
	}
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
