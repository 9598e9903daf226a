package controllers

import (
	"time"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/plan"
)

// landing is how long Graph may yet carry out a write whose end nobody heard. The
// caller may be gone; Graph goes on until its own limit, and what lands then lands
// over anything newer.
const landing = graph.WriteTimeout

// mayLand notes that a write may land until then: once more after that, the user is
// looked at.
func (p *pass) mayLand(until time.Time) { p.landings.Set(p.key, until, 2*landing) }

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

// written notes what a write that Graph acknowledged may yet be overwritten by: an
// update whose end an operator before this one did not hear.
func (p *pass) written(a plan.Action) {
	if until := p.started.Add(landing); a.Verb == plan.Update && until.After(p.Now()) {
		p.mayLand(until)
	}
}
