package phonemethod

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/metrics"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/tenant"
)

// mayBegin runs before the intent of a write is recorded. If it refuses, it adds a hold to
// the resources, so that the next plan says why.
func (r *Reconciler) mayBegin(ctx context.Context, u phones, a plan.Action) (_ phones, may bool, err error) {
	// Those that wait for the budget are many, and ask Graph nothing.
	if limit := u.tenant.Spec.DeletionsPerHourOrDefault(); a.Verb == plan.Delete && u.tenant.Deletions.Next(limit, deletionOf(u, a)) > 0 {
		return holdDeletions(u, limit, a), false, nil
	}
	return r.checkBounds(ctx, u)
}

// mayWrite runs right before the write, after its intent was recorded: that may have taken long.
// A deletion is counted against the budget here.
func (r *Reconciler) mayWrite(ctx context.Context, u phones, a plan.Action) (_ phones, may bool, err error) {
	if limit := u.tenant.Spec.DeletionsPerHourOrDefault(); a.Verb == plan.Delete {
		if ok, err := u.tenant.Deletions.Take(ctx, limit, deletionOf(u, a)); err != nil {
			return u, false, err
		} else if !ok {
			return holdDeletions(u, limit, a), false, nil
		}
	}
	u, may, err = r.checkBounds(ctx, u)
	if err == nil && may {
		c, _ := u.resource(a.For)
		err = r.checkUnchanged(ctx, u, c)
	}
	if !may || err != nil {
		return u, may, errors.Join(err, returnDeletion(ctx, u, a))
	}
	return u, true, nil
}

// checkUnchanged makes sure, right before a write, that the resource, its Secret and the labels of its
// namespace still are what the reconcile went by, as far as the watches tell.
func (r *Reconciler) checkUnchanged(ctx context.Context, u phones, c resource) error {
	if c.vanished {
		return nil
	}
	var now v1alpha1.PhoneAuthenticationMethod
	if err := r.Client.Get(ctx, client.ObjectKeyFromObject(c.object), &now, client.UnsafeDisableDeepCopy); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("look whether %s was changed: %w", c.Ref, err)
	}
	if now.UID != c.object.UID || now.Generation != c.object.Generation || now.DeletionTimestamp.IsZero() != c.object.DeletionTimestamp.IsZero() {
		return errResourceChanged
	}
	if !c.Terminating && r.secrets.count(now.UID) != c.secretEdits {
		return errResourceChanged
	}
	namespaces, err := r.namespaces(ctx, []resource{c})
	if err != nil {
		return err
	}
	asked := accessRequest(c, namespaces[c.object.Namespace])
	asked.UserPrincipalName = u.user.UserPrincipalName
	if j := u.tenant.Access.Judge(asked); !j.Permitted() || denied(j) != c.Holds[plan.NotAllowed] {
		return errResourceChanged
	}
	return nil
}

// holdDeletions holds the deletions of a namespace until the budget allows one again.
// Whoever waits is back at a time of its own.
func holdDeletions(u phones, limit int32, a plan.Action) phones {
	d := deletionOf(u, a)
	metrics.DeletionsWithheld.WithLabelValues(u.tenant.Name).Inc()
	return u.requeueAfter(max(wait.Jitter(u.tenant.Deletions.Next(limit, d), jitter/4), time.Second)).change(func(c resource) resource {
		if c.object.Namespace == d.Namespace {
			c.Holds = c.Holds.With(plan.OverBudget, plan.SetOf(plan.Delete))
		}
		return c
	})
}

// checkBounds reports whether the user's phones may be written, and holds the writes if not.
// An error ends the reconcile.
func (r *Reconciler) checkBounds(ctx context.Context, u phones) (_ phones, may bool, err error) {
	if now, ok := r.Tenants.Get(u.tenant.Name); !ok || now.Version != u.tenant.Version || now.Problem != nil {
		return u, false, errTenantChanged
	}
	if u, err = r.checkName(ctx, u); err != nil {
		return u, false, err
	}
	u, protected, err := r.checkProtection(ctx, u)
	if protected {
		u = u.protect()
	}
	return u, !protected, err
}

// answerTTL is how long it counts before a write that a user is not protected, and which name the user has. Where Graph
// is slow a reconcile of several writes takes minutes.
const answerTTL = 5 * time.Second

// checkName makes sure that the user still has the name that the access rules were asked by.
func (r *Reconciler) checkName(ctx context.Context, u phones) (phones, error) {
	asked := r.Now()
	if asked.Sub(u.named) < answerTTL {
		return u, nil
	}
	now, err := u.tenant.Graph.User(ctx, u.user.ID)
	switch {
	case err != nil:
		return u, err
	case now != u.user:
		return u, errUserRenamed
	}
	u.named = asked
	return u, nil
}

// checkProtection reports whether the user's phones are out of bounds: Entra protects the user, or
// the operator may not ask. The writes that follow each other at once ask once; an answer from an
// earlier reconcile is never used.
func (r *Reconciler) checkProtection(ctx context.Context, u phones) (_ phones, protected bool, err error) {
	if u.tenant.Spec.PrivilegedUsersOrDefault() == v1alpha1.PrivilegedUsersAllow {
		return u, false, nil
	}
	if u.protection == nil || r.Now().Sub(u.protection.asked) >= answerTTL {
		u.protection = r.askProtection(ctx, u.tenant, u.user.ID)
	}
	answer := u.protection
	var failure *graph.Error
	if errors.As(answer.err, &failure) && failure.Kind == graph.Forbidden {
		r.doubtTenant(u.snapshot, failure)
		return u.requeueAfter(r.countPermissionRefusal(u.key)).explain(conditions.ProtectionUnknown(failure)), true, nil
	}
	if answer.err != nil {
		return u, false, answer.err
	}
	if len(answer.privileges) > 0 {
		return u.explain(conditions.Protected), true, nil
	}
	return u, false, nil
}

func (r *Reconciler) askProtection(ctx context.Context, t *tenant.Tenant, userID string) *protection {
	p := &protection{asked: r.Now()}
	p.privileges, p.err = t.Protection(ctx, userID)
	return p
}

// isWorthAskingAhead reports whether it is asked whether the user is protected, at the time at which
// the user is looked up: a resource is new, the rules cover its user whoever that is, and a phone
// will be created or compared. Whom a Secret is for is known later.
func (r *Reconciler) isWorthAskingAhead(s snapshot) bool {
	return s.tenant.Spec.PrivilegedUsersOrDefault() == v1alpha1.PrivilegedUsersDeny && s.any(func(c resource) bool {
		return c.isUnexamined() && !c.veiled && !c.Terminating && !c.Suspended && graph.IsGUID(c.object.Spec.User) && c.object.Spec.PhoneNumberFrom == nil
	})
}

// protectBeforeComparison checks whether the user is protected before a phone is compared with a
// number that it never was in sync with: the outcome would tell what a protected user has.
func (r *Reconciler) protectBeforeComparison(ctx context.Context, u phones) (_ phones, protected bool, err error) {
	edited := func(c resource) bool {
		return c.Holder && !c.Terminating && !c.Suspended && c.Barred == plan.NotBarred && c.isEdited()
	}
	if !plan.Adopts(u.claims()) && !slices.ContainsFunc(u.resources, edited) {
		return u, false, nil
	}
	u, protected, err = r.checkProtection(ctx, u)
	if !protected {
		return u, false, err
	}
	return u.protect().change(func(c resource) resource {
		c.Blind = c.Blind || edited(c) && c.Was != c.Number
		return c
	}), true, err
}

// deletionOf is what a deletion is for the budget of the tenant.
func deletionOf(u phones, a plan.Action) tenant.Deletion {
	namespace, _, _ := strings.Cut(a.For, "/")
	d := tenant.Deletion{Namespace: namespace, UserID: u.user.ID, Type: a.Type}
	if m := u.method(a.Type); m != nil {
		d.Shown = m.Number
	}
	return d
}

// returnDeletion gives a deletion back to the budget that was certainly not done.
func returnDeletion(ctx context.Context, u phones, a plan.Action) error {
	if a.Verb != plan.Delete {
		return nil
	}
	return u.tenant.Deletions.Return(ctx, deletionOf(u, a))
}

// doubtTenant has the EntraTenant looked at, if a refusal is for it to mend.
func (r *Reconciler) doubtTenant(s snapshot, e *graph.Error) {
	if r.Doubt != nil && (e.Kind == graph.TokenRefused || e.Kind == graph.CredentialFailed || e.Kind == graph.Forbidden && e.Permission != "") {
		r.Doubt(s.tenant.Name, e.Kind)
	}
}
