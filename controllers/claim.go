package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/user"
)

// claim is one resource in a pass: the object, and what the plan is told of it.
type claim struct {
	plan.Claim
	object *v1alpha1.PhoneAuthenticationMethod
	why    string // what stands behind Barred, for the person who wrote the resource
	failed error  // what the API server answered to a write of this resource; the others go on

	made      bool            // this pass made its phone
	fresh     bool            // its pending write was recorded by this pass, and there was none before
	misnamed  bool            // its Secret does not name the user
	refusal   conditions.Set  // why the rules do not allow it
	veiled    bool            // it may not know yet whether its user exists
	refusedAs graph.Kind      // what Graph said of Refused
	undone    bool            // Graph shows the same other number after each write
	unheard   *conditions.Set // why its name could not be looked up
	vanished  bool            // it was deleted in spite of its finalizer, and its phone is here
}

// gather returns the claims that the cluster has under some spellings of a user, of which the
// object id is the last: a resource that is bound between two of the reads goes from a name
// to the id, and is found all the same. Those that are known already are left out. A resource that was let go and that the finalizer of
// another owner keeps is none: what Graph has is not its own.
func (r *Reconciler) gather(ctx context.Context, known map[types.UID]bool, tenant string, spellings ...string) ([]*claim, error) {
	var claims []*claim
	for _, spelling := range spellings {
		var found v1alpha1.PhoneAuthenticationMethodList
		index := user.Key{Tenant: tenant, User: spelling}.String()
		if err := r.Client.List(ctx, &found, client.MatchingFields{indexUser: index}); err != nil {
			return nil, fmt.Errorf("list the resources of the user: %w", err)
		}
		for i := range found.Items {
			o := &found.Items[i]
			if known[o.UID] {
				continue
			}
			if r.behind(o) {
				return nil, fmt.Errorf("list the resources of the user: %w", errBehind)
			}
			if o.DeletionTimestamp.IsZero() || controllerutil.ContainsFinalizer(o, v1alpha1.Finalizer) {
				claims = slices.DeleteFunc(claims, func(c *claim) bool { return c.object.UID == o.UID }) // it was bound meanwhile
				claims = append(claims, claimOf(o))
			}
		}
	}
	slices.SortFunc(claims, func(a, b *claim) int { return strings.Compare(a.Ref, b.Ref) })
	return claims, nil
}

func claimOf(o *v1alpha1.PhoneAuthenticationMethod) *claim {
	c := &claim{object: o, Claim: plan.Claim{
		Ref:       client.ObjectKeyFromObject(o).String(),
		Created:   o.CreationTimestamp.Time,
		Type:      phone.Type(o.Spec.PhoneType),
		SMS:       smsSignIn[o.Spec.SMSSignIn],
		Adopt:     adoption[o.Spec.AdoptionPolicyOrDefault()],
		Drift:     drift[o.Spec.DriftPolicyOrDefault()],
		Delete:    deletion[o.Spec.DeletionPolicyOrDefault()],
		Leaving:   !o.DeletionTimestamp.IsZero(),
		Suspended: o.Spec.Suspend,
		Holder:    o.Status.ID != "" && o.Status.UserID != "",
		Last:      o.Status.MaskedNumber,
	}}
	unacted := o.Generation != acted(o)
	c.Edited = unacted && o.Generation > 1 // the first one is no edit
	c.Changed = unacted || requested(o) != o.Status.LastHandledRequest
	if w := o.Status.PendingWrite; w != nil && strings.EqualFold(w.UserID, o.Status.UserID) {
		c.Creating = w.MaskedNumber
	}
	return c
}

// acted is the last generation of the spec that was carried through. Status tells
// the last one that was seen; a pass that came to no end leaves this one behind.
func acted(o *v1alpha1.PhoneAuthenticationMethod) int64 {
	if synced := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionSynced); synced != nil {
		return synced.ObservedGeneration
	}
	return 0
}

// requested is the reconcile that a resource asks for, cut as in the cache: the API
// server's answer to a patch has it whole.
func requested(o client.Object) string {
	return cut(o.GetAnnotations()[v1alpha1.ReconcileRequestedAtAnnotation])
}

// numbers finds out the claims' numbers. What is terminating or suspended needs none, nor
// the Secret that it may be in. A Secret that does not name the user may be one that the
// access rules do not let the claim use.
func (p *pass) numbers(ctx context.Context) error {
	misnamed := false
	for _, c := range p.claims {
		if c.Leaving || c.Suspended {
			continue
		}
		if err := p.number(ctx, c); err != nil {
			return err
		}
		misnamed = misnamed || c.misnamed
	}
	if !misnamed {
		return nil
	}
	return p.permit(ctx)
}

// number finds out the claim's number, or bars the claim and says why. An error
// is the API server's.
func (p *pass) number(ctx context.Context, c *claim) error {
	text := c.object.Spec.PhoneNumber
	if from := c.object.Spec.PhoneNumberFrom; from != nil {
		ref := from.SecretKeyRef
		var secret corev1.Secret
		err := p.Reader.Get(ctx, client.ObjectKey{Namespace: c.object.Namespace, Name: ref.Name}, &secret)
		value, ok := secret.Data[ref.Key]
		switch {
		case apierrors.IsNotFound(err):
			c.bar(plan.NumberSourceNotFound, conditions.NoSecret(ref.Name, ref.Key))
			return nil
		case apierrors.IsForbidden(err):
			c.bar(plan.NumberSourceNotFound, conditions.SecretForbidden(ref.Name))
			return nil
		case err != nil:
			return fmt.Errorf("get the Secret of the number: %w", err)
		case !ok:
			c.bar(plan.NumberSourceNotFound, conditions.NoSecretKey(ref.Name, ref.Key))
			return nil
		}
		text = string(value)
		c.misnamed = !namesUser(&secret, p.user)
	}
	n, err := phone.Parse(text)
	if err == nil && n.HasExtension() && c.Type != phone.Office {
		err = errors.New("only an office phone has an extension: leave it out")
	}
	switch from := c.object.Spec.PhoneNumberFrom; {
	case err != nil && from != nil:
		c.bar(plan.InvalidNumber, conditions.NoNumberInSecret(from.SecretKeyRef.Name, from.SecretKeyRef.Key))
		return nil
	case err != nil:
		c.bar(plan.InvalidNumber, conditions.InvalidNumber(err))
		return nil
	}
	c.Number, c.Was = n, p.inSync(c.object)
	c.Changed = c.Changed || c.Holder && (c.Last != n.Masked() || !c.Was.IsZero() && c.Was != n)
	return nil
}

// namesUser reports whether a Secret says that its values are for the user.
func namesUser(secret *corev1.Secret, u graph.User) bool {
	names := strings.FieldsFunc(secret.Annotations[v1alpha1.UserAnnotation], func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	return slices.ContainsFunc(append(names, secret.Labels[v1alpha1.UserAnnotation]), func(name string) bool {
		return name != "" && (strings.EqualFold(name, u.ID) || strings.EqualFold(name, u.UserPrincipalName))
	})
}

func (c *claim) bar(b plan.Barrier, why string) { c.Barred, c.why = b, why }

// The API's words for what the plan has constants for.
var (
	smsSignIn = map[v1alpha1.SMSSignIn]plan.SMSSignIn{
		v1alpha1.SMSSignInEnabled: plan.Enabled, v1alpha1.SMSSignInDisabled: plan.Disabled,
	}
	adoption = map[v1alpha1.AdoptionPolicy]plan.AdoptionPolicy{
		v1alpha1.AdoptIfNumberMatches: plan.AdoptIfNumberMatches,
		v1alpha1.AdoptAlways:          plan.AdoptAlways, v1alpha1.AdoptNever: plan.AdoptNever,
	}
	drift = map[v1alpha1.DriftPolicy]plan.DriftPolicy{
		v1alpha1.DriftCorrect: plan.CorrectDrift, v1alpha1.DriftReport: plan.ReportDrift,
	}
	deletion = map[v1alpha1.DeletionPolicy]plan.DeletionPolicy{
		v1alpha1.DeletionDelete: plan.DeleteMethod, v1alpha1.DeletionOrphan: plan.OrphanMethod,
	}
)
