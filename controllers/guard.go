package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/plan"
)

// errTenantChanged ends a pass whose tenant is another by now: other rules, another
// mode, other credentials.
var errTenantChanged = errors.New("the EntraTenant was changed meanwhile")

// guard stands before every write, and before what is written down of it. It says
// whether the write must not be made, after telling the claims why, so that another
// plan can say so.
func (p *pass) guard(ctx context.Context, a plan.Action) (withheld bool, err error) {
	// Those that wait for the budget are many, and ask Graph nothing.
	if limit := p.tenant.Spec.DeletionsPerHourOrDefault(); a.Verb == plan.Delete && p.tenant.Deletions.Next(limit, p.deletionOf(a)) > 0 {
		p.overspent(limit, a)
		return true, nil
	}
	return p.outOfBounds(ctx)
}

// last stands right before the write, after it was written down: that may have taken
// long. A deletion is taken off the budget here.
func (p *pass) last(ctx context.Context, a plan.Action) (withheld bool, err error) {
	if limit := p.tenant.Spec.DeletionsPerHourOrDefault(); a.Verb == plan.Delete {
		if ok, err := p.tenant.Deletions.Take(ctx, limit, p.deletionOf(a)); err != nil {
			return false, err
		} else if !ok {
			p.overspent(limit, a)
			return true, nil
		}
	}
	if withheld, err = p.outOfBounds(ctx); err == nil && !withheld {
		err = p.unchanged(ctx, p.claim(a.For))
	}
	if withheld || err != nil {
		return withheld, errors.Join(err, p.giveBack(ctx, a, graph.Refused))
	}
	return false, nil
}

// errResourceChanged ends a pass that would write for a resource as it was.
var errResourceChanged = errors.New("the resource or its namespace was changed meanwhile")

// unchanged makes sure, right before a write, that the resource and the labels of its
// namespace still are what the pass went by. Both are in the cache.
func (p *pass) unchanged(ctx context.Context, c *claim) error {
	if c.vanished {
		return nil
	}
	var now v1alpha1.PhoneAuthenticationMethod
	if err := p.Client.Get(ctx, client.ObjectKeyFromObject(c.object), &now, client.UnsafeDisableDeepCopy); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("look whether %s was changed: %w", c.Ref, err)
	}
	if now.UID != c.object.UID || now.Generation != c.object.Generation || now.DeletionTimestamp.IsZero() != c.object.DeletionTimestamp.IsZero() {
		return errResourceChanged
	}
	ns, err := p.namespaceOf(ctx, c)
	if err != nil {
		return err
	}
	r := requestOf(c, ns)
	r.UserPrincipalName = p.user.UserPrincipalName
	if j := p.tenant.Access.Judge(r); !j.Permitted() || denied(j) != c.Denied {
		return errResourceChanged
	}
	return nil
}

// overspent withholds the deletions of a namespace until the budget allows one again.
// Whoever waits is back at a time of its own.
func (p *pass) overspent(limit int32, a plan.Action) {
	d := p.deletionOf(a)
	for _, c := range p.claims {
		if c.object.Namespace == d.Namespace && c.Withheld == plan.Nothing {
			c.Withheld = plan.BudgetSpent
		}
	}
	p.lookAgain(wait.Jitter(p.tenant.Deletions.Next(limit, d), jitter/4))
	deletionsWithheld.WithLabelValues(p.tenant.Name).Inc()
}

// outOfBounds says whether the user's phones are not to be written. An error ends
// the pass.
func (p *pass) outOfBounds(ctx context.Context) (bool, error) {
	if now, ok := p.Tenants.Get(p.tenant.Name); !ok || now.Version != p.tenant.Version || now.Problem != nil {
		return false, errTenantChanged
	}
	privileged, err := p.privileged(ctx)
	if privileged {
		p.withhold(plan.PrivilegedUser)
	}
	return privileged, err
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
	privileges, err := p.tenant.Protection(ctx, p.user.ID)
	var failure *graph.Error
	if errors.As(err, &failure) && failure.Kind == graph.Forbidden {
		p.lookAgain(p.mended())
		p.doubtTenant(failure)
		p.explain(conditions.ProtectionUnknown(failure))
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if len(privileges) > 0 {
		p.explain(conditions.Protected)
		return true, nil
	}
	p.checked = asked
	return false, nil
}

// withhold keeps the claims from all writes, which outweighs a spent budget.
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
