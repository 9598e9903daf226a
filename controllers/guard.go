package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/plan"
)

// guard stands right before every write. It says whether the write must not be
// made, after telling the claims why, so that another plan can say so.
func (p *pass) guard(ctx context.Context, a plan.Action) (withheld bool, err error) {
	privileged, err := p.privileged(ctx)
	if err != nil {
		return false, err
	}
	if privileged {
		p.withhold(plan.PrivilegedUser)
		return true, nil
	}
	if a.Verb != plan.Delete {
		return false, nil
	}
	ok, err := p.tenant.Deletions.Take(ctx, p.tenant.Spec.DeletionsPerHourOrDefault())
	if err != nil {
		return false, err
	}
	if !ok {
		p.withhold(plan.BudgetSpent)
		p.lookAgain(p.tenant.Deletions.Next(p.tenant.Spec.DeletionsPerHourOrDefault()))
		deletionsWithheld.WithLabelValues(p.tenant.Name).Inc()
	}
	return !ok, nil
}

// believed is how long it counts that a user holds no directory role. Where Graph
// is slow a pass of several writes takes minutes.
const believed = 5 * time.Second

// privileged says whether the user's phones are out of bounds: the user holds a
// directory role, or the operator may not ask. The writes that follow each other
// at once ask once; an answer from an earlier pass is never used.
func (p *pass) privileged(ctx context.Context) (bool, error) {
	if p.tenant.Spec.PrivilegedUsersOrDefault() == v1alpha1.PrivilegedUsersAllow {
		return false, nil
	}
	asked := p.Now()
	if !p.checked.IsZero() && asked.Sub(p.checked) < believed {
		return false, nil
	}
	roles, err := p.tenant.Graph.DirectoryRoles(ctx, p.user.ID)
	var failure *graph.Error
	if errors.As(err, &failure) && failure.Kind == graph.Forbidden {
		p.lookAgain(retryTenant)
		p.explain(fmt.Sprintf("The operator may not ask Graph whether this user holds a directory role, and so writes nothing: "+
			"grant the app registration %s, with admin consent, or set privilegedUsers: Allow on the EntraTenant.", failure.Permission))
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if len(roles) > 0 {
		p.explain("The user holds a directory role or is in a group that can hold one, and the EntraTenant says " +
			"privilegedUsers: Deny: manage this user's phones by hand.")
		return true, nil
	}
	p.checked = asked
	return false, nil
}

func (p *pass) withhold(w plan.Withheld) {
	for _, c := range p.claims {
		c.Withheld = w
	}
}

func (p *pass) explain(why string) {
	for _, c := range p.claims {
		if c.why == "" {
			c.why = why
		}
	}
}
