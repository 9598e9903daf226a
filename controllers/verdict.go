package controllers

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/plan"
)

// find puts the plan's verdict on a claim into conditions, and asks for another look where
// the verdict is of the moment.
func (p *pass) find(c *claim, v plan.Verdict) conditions.Set {
	subject := conditions.Subject{
		Claim: c.Claim, Namespace: c.object.Namespace, Why: c.why, RefusedAs: c.refusedAs, Undone: c.undone, Observe: p.observing(),
	}
	subject.LostVerb, subject.Lost = p.journal.Lost(c.Claim, p.now)
	subject.Young = v.Outcome == plan.Barred && c.Barred == plan.NumberSourceNotFound && p.young(c)
	// Reads may lag longer than patience lasts: what Graph refused may be there.
	mayBeThere := v.Outcome == plan.Rejected && c.refusedAs != graph.Restricted && c.refusedAs != graph.InvalidNumber
	if mayBeThere || v.Outcome == plan.WaitingForMobile || v.Outcome == plan.WaitingForAlternateMobile {
		p.backOff(c)
	}
	if id, often := p.journal.Unanswered(c.Claim); often && subject.Lost == "" && v.Outcome == plan.Pending && c.Withheld == plan.Unsettled {
		return conditions.ForFailure(&graph.Error{Kind: graph.Unclear, RequestID: id}, p.observing())
	}
	return conditions.ForVerdict(subject, v)
}

// backOff asks for another look at a resource that waits for something to happen
// in Graph, after as long as it has waited already: looks get rarer up to the resync.
func (p *pass) backOff(c *claim) {
	waited := time.Duration(0)
	synced := meta.FindStatusCondition(c.object.Status.Conditions, v1alpha1.ConditionSynced)
	if synced != nil && synced.Status != metav1.ConditionTrue {
		waited = p.now.Sub(synced.LastTransitionTime.Time)
	}
	if d := max(waited, firstLook); d < p.tenant.Spec.ResyncPeriodOrDefault() {
		p.lookAgain(d)
	}
}
