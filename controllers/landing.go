package controllers

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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

// recallCreate is for what an operator before this one knew: before it recorded the
// phone, an attempt to create it may have been lost.
func (p *pass) recallCreate(c *claim) {
	synced := meta.FindStatusCondition(c.object.Status.Conditions, v1alpha1.ConditionSynced)
	if synced == nil || synced.Status != metav1.ConditionTrue || !p.started.After(synced.LastTransitionTime.Time) {
		return
	}
	if until := synced.LastTransitionTime.Add(landing); until.After(p.now) {
		p.mayCome(c.Type, until)
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

// written notes what a write that Graph acknowledged may yet be overwritten by: an
// update whose end an operator before this one did not hear.
func (p *pass) written(a plan.Action) {
	if until := p.started.Add(landing); a.Verb == plan.Update && until.After(p.Now()) {
		p.mayLand(until)
	}
}
