package controllers

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	corev1 "k8s.io/api/core/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/plan"
)

// permit judges every claim by the tenant's access rules, at every pass, so that
// a rule taken away bites on what is already there. The user is judged by the
// name that Graph has now, whatever the resource calls it. A resource that leaves
// and may not delete its phone is let go here: nothing is created while it counts.
func (p *pass) permit(ctx context.Context) error {
	var rest []*claim
	for _, c := range p.claims {
		j, err := p.judge(ctx, c)
		if err != nil {
			return err
		}
		switch {
		case !j.Permitted():
			c.bar(plan.NotPermitted, notPermitted(j.Mismatch))
		default:
			c.Denied = denied(j)
			// Every editor of the resource can write a note of a create. It must not
			// do more for them than adoptionPolicy: Always does.
			if c.Denied.Has(plan.Update) {
				c.Creating = ""
			}
		}
		if c.Leaving && (c.Barred == plan.NotPermitted || c.Denied.Has(plan.Delete)) {
			p.letGo(ctx, c)
			continue
		}
		rest = append(rest, c)
	}
	p.claims = rest
	return nil
}

// judge asks the access rules about a claim. Before the user is known they tell
// only whether any of them is for the claim's namespace.
func (p *pass) judge(ctx context.Context, c *claim) (access.Judgement, error) {
	ns := metav1.PartialObjectMetadata{}
	ns.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := p.Client.Get(ctx, client.ObjectKey{Name: c.object.Namespace}, &ns); err != nil {
		return access.Judgement{}, fmt.Errorf("get the namespace of %s: %w", c.Ref, err)
	}
	return p.tenant.Access.Judge(access.Request{
		NamespaceLabels:   ns.Labels,
		UserPrincipalName: p.user.UserPrincipalName,
		PhoneType:         c.Type,
		FromSecret:        c.object.Spec.PhoneNumberFrom != nil,
	}), nil
}

// dismiss refuses the claims of namespaces that no rule is for, before Graph is
// asked anything, and goes on without them: who may create a resource somewhere
// is not to learn which users there are, nor to make work for Graph. A claim that
// holds a phone stays, since a rival may be there to take it over.
func (p *pass) dismiss(ctx context.Context) error {
	var strangers, others []*claim
	for _, c := range p.claims {
		j, err := p.judge(ctx, c)
		switch {
		case err != nil:
			return err
		case j.Mismatch > access.Namespace || c.Holder || c.Suspended:
			others = append(others, c)
		default:
			c.why = notPermitted(j.Mismatch)
			strangers = append(strangers, c)
		}
	}
	p.claims = strangers
	err := p.reportEach(ctx, func(c *claim) finding {
		if c.Leaving {
			return released()
		}
		return notAccepted(v1alpha1.ReasonNotPermitted, stalled, c.why)
	})
	if p.claims = others; err != nil {
		// Whoever may make a resource that cannot be written must not hold up others.
		log.FromContext(ctx).V(1).Info("could not tell resources that no rule is for", "answer", err.Error())
		p.lookAgain(firstLook)
	}
	return nil
}

// denied returns the writes that the rules leave out.
func denied(j access.Judgement) plan.Verbs {
	var verbs []plan.Verb
	if !j.Allows(v1alpha1.ActionCreate) {
		verbs = append(verbs, plan.Create)
	}
	if !j.Allows(v1alpha1.ActionUpdate) {
		verbs = append(verbs, plan.Update, plan.EnableSMS, plan.DisableSMS)
	}
	if !j.Allows(v1alpha1.ActionDelete) {
		verbs = append(verbs, plan.Delete)
	}
	return plan.SetOf(verbs...)
}

// notPermitted says which part of the rules did not match. It speaks of this
// namespace's rules only, never of what other namespaces may do.
func notPermitted(m access.Mismatch) string {
	const ask = " Ask an administrator of the EntraTenant (spec.access)."
	switch m {
	case access.NoRules:
		return "The EntraTenant has no access rules, so nobody may manage phones with it." + ask
	case access.Namespace:
		return "No access rule of the EntraTenant is for this namespace." + ask
	case access.User:
		return "No access rule for this namespace covers the user." + ask
	case access.PhoneType:
		return "The access rules for this namespace and user do not cover this phone type." + ask
	case access.NumberSource:
		return "The access rules want the number from a Secret: use spec.phoneNumberFrom in place of spec.phoneNumber."
	case access.Nothing:
	}
	return "The access rules of the EntraTenant do not allow this." + ask
}
