package webhook

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/phone"
)

// methods judges PhoneAuthenticationMethods:
//
//	a number that cannot be one        refused, the one thing that needs no other object to be certain
//	a number of an unlikely length     warning: numbering plans change before libraries do
//	a number that is in the name, too  warning: names are not masked anywhere
//	a tenant that does not exist       warning: manifests come in any order
//	a phone that has a claim already   warning: a rename is a create and then a delete, and the operator hands over
type methods struct{ reader client.Reader }

// ValidateCreate judges a new resource.
func (m methods) ValidateCreate(ctx context.Context, o *v1alpha1.PhoneAuthenticationMethod) (admission.Warnings, error) {
	return m.judge(ctx, o, o.Spec.PhoneNumber != "")
}

// ValidateUpdate judges a changed resource. A number that was there before is not
// judged again: who has a wrong one must still be able to suspend or orphan it.
func (m methods) ValidateUpdate(ctx context.Context, old, o *v1alpha1.PhoneAuthenticationMethod) (admission.Warnings, error) {
	return m.judge(ctx, o, o.Spec.PhoneNumber != "" && o.Spec.PhoneNumber != old.Spec.PhoneNumber)
}

// ValidateDelete is never asked for: see the rules in config/webhook.
func (m methods) ValidateDelete(context.Context, *v1alpha1.PhoneAuthenticationMethod) (admission.Warnings, error) {
	return nil, nil
}

func (m methods) judge(ctx context.Context, o *v1alpha1.PhoneAuthenticationMethod, newNumber bool) (warnings admission.Warnings, err error) {
	if !o.DeletionTimestamp.IsZero() {
		return nil, nil
	}
	if newNumber {
		n, err := phone.Parse(o.Spec.PhoneNumber)
		if err != nil {
			return nil, invalid(v1alpha1.GroupVersion.WithKind("PhoneAuthenticationMethod"), o.Name,
				field.Invalid(field.NewPath("spec", "phoneNumber"), field.OmitValueType{}, err.Error()))
		}
		if err := n.Plausible(); err != nil {
			warnings = append(warnings, fmt.Sprintf("spec.phoneNumber: %v", err))
		}
		if hasNumber(o.Name, n) {
			warnings = append(warnings, "metadata.name: the number is in it, and names are in events and logs: choose another one")
		}
	}
	warnings = append(warnings, m.tenant(ctx, o)...)
	return append(warnings, m.rival(ctx, o)...), nil
}

// shortest is how many digits the part behind the country code has at least that is looked for in a name.
const shortest = 7

// hasNumber reports whether a number, without its country code and extension, is in a name, whatever separates its digits.
func hasNumber(name string, n phone.Number) bool {
	_, national, _ := strings.Cut(n.Graph(), " ")
	national, _, _ = strings.Cut(national, "x")
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, name)
	return len(national) >= shortest && strings.Contains(digits, national)
}

// tenant warns where the tenant is not there, or not yet.
func (m methods) tenant(ctx context.Context, o *v1alpha1.PhoneAuthenticationMethod) admission.Warnings {
	name := o.Spec.TenantName()
	err := m.reader.Get(ctx, client.ObjectKey{Name: name}, &v1alpha1.EntraTenant{})
	switch {
	case apierrors.IsNotFound(err):
		return admission.Warnings{fmt.Sprintf("spec.tenantRef: there is no EntraTenant %q yet; nothing happens until there is", name)}
	case err != nil:
		logf.FromContext(ctx).V(1).Info("could not look for the tenant", "cause", err.Error())
	}
	return nil
}

// rival warns of another resource of the namespace that claims the same phone, as
// far as can be seen without Graph. Of other namespaces nothing is told.
func (m methods) rival(ctx context.Context, o *v1alpha1.PhoneAuthenticationMethod) admission.Warnings {
	var rivals []*v1alpha1.PhoneAuthenticationMethod
	for _, claim := range claims(o) {
		var found v1alpha1.PhoneAuthenticationMethodList
		err := m.reader.List(ctx, &found, client.InNamespace(o.Namespace), client.MatchingFields{indexClaim: claim}, client.UnsafeDisableDeepCopy)
		if err != nil { // such as a namespace that --watch-namespaces leaves out
			logf.FromContext(ctx).V(1).Info("could not look for other claims", "cause", err.Error())
			continue
		}
		for i := range found.Items {
			if r := &found.Items[i]; r.Name != o.Name && r.DeletionTimestamp.IsZero() {
				rivals = append(rivals, r)
			}
		}
	}
	if len(rivals) == 0 {
		return nil
	}
	first := slices.MinFunc(rivals, func(a, b *v1alpha1.PhoneAuthenticationMethod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return admission.Warnings{fmt.Sprintf("%s already claims the %s phone of this user; a user has one, so as long as both are there one of them is left out (Conflict)",
		first.Name, o.Spec.PhoneType)}
}

// indexClaim is the cache's index of PhoneAuthenticationMethods by claims.
const indexClaim = "webhook.claim"

// claims are the phone that a resource speaks for, as "tenant/type/user", once for
// each spelling of the user that the resource knows: what spec says and the object
// id it is bound to. Resources with one in common claim the same phone.
func claims(o *v1alpha1.PhoneAuthenticationMethod) []string {
	prefix := o.Spec.TenantName() + "/" + string(o.Spec.PhoneType) + "/"
	all := []string{prefix + strings.ToLower(o.Spec.User)}
	if id := strings.ToLower(o.Status.UserID); id != "" && !strings.EqualFold(id, o.Spec.User) {
		all = append(all, prefix+id)
	}
	return all
}
