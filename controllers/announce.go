package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/plan"
)

// Reasons of events that tell what was done in Graph.
const (
	eventCreated        = "Created"
	eventUpdated        = "Updated"
	eventDeleted        = "Deleted"
	eventSMSEnabled     = "SMSSignInEnabled"
	eventSMSDisabled    = "SMSSignInDisabled"
	eventDriftCorrected = "DriftCorrected"
)

// announce tells by an event what was done in Graph for a resource.
func (p *pass) announce(c *claim, a plan.Action) {
	reason, note := eventUpdated, "The phone was changed in Entra."
	switch a.Verb {
	case plan.Create:
		reason, note = eventCreated, "The phone was registered in Entra."
	case plan.Delete:
		reason, note = eventDeleted, "The phone was deleted in Entra."
	case plan.EnableSMS:
		reason, note = eventSMSEnabled, "SMS sign-in was enabled in Entra."
	case plan.DisableSMS:
		reason, note = eventSMSDisabled, "SMS sign-in was disabled in Entra."
	case plan.None, plan.Update:
	}
	if a.Drift {
		reason, note = eventDriftCorrected, "A change made in Entra was undone: "+note
	}
	p.Events.Eventf(c.object, nil, corev1.EventTypeNormal, reason, "Reconcile", "%s", note)
}

// tellTransition tells by an event that a resource came to need a person. Other
// transitions are in the conditions, and what was done is announced.
func (p *pass) tellTransition(c *claim, before *v1alpha1.PhoneAuthenticationMethod, f finding) {
	if f.mood != stalled || f.before {
		return
	}
	was := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionStalled)
	if was == nil || was.Reason != f.ready.reason {
		p.Events.Eventf(c.object, nil, corev1.EventTypeWarning, f.ready.reason, "Reconcile", "%s", f.ready.message)
	}
}

// audit logs one line for each change made in Graph: who it was made for, never
// the number.
func (p *pass) audit(ctx context.Context, a plan.Action) {
	c := p.claim(a.For)
	log.FromContext(ctx).Info("changed Graph", "action", a.Verb.String(), "phoneType", a.Type,
		"userID", p.user.ID, "resource", a.For, "generation", c.object.Generation, "drift", a.Drift)
}
