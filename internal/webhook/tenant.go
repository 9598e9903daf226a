package webhook

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
)

// tenants judges EntraTenants:
//
//	a label selector that cannot be read   refused: with it the operator would allow nobody anything
//	no access rule                         warning: nobody may manage anybody
//	privilegedUsers Allow                  warning: who may register a phone may become an administrator
//	a tenantID that has an EntraTenant     warning: the second one is not used
type tenants struct{ reader client.Reader }

// ValidateCreate judges a new tenant.
func (t tenants) ValidateCreate(ctx context.Context, o *v1alpha1.EntraTenant) (admission.Warnings, error) {
	return t.judge(ctx, o, true)
}

// ValidateUpdate judges a changed tenant. Rules that were there before are not
// judged again.
func (t tenants) ValidateUpdate(ctx context.Context, old, o *v1alpha1.EntraTenant) (admission.Warnings, error) {
	return t.judge(ctx, o, !equality.Semantic.DeepEqual(old.Spec.Access, o.Spec.Access))
}

// ValidateDelete is never asked for: see the rules in config/webhook.
func (t tenants) ValidateDelete(context.Context, *v1alpha1.EntraTenant) (admission.Warnings, error) {
	return nil, nil
}

func (t tenants) judge(ctx context.Context, o *v1alpha1.EntraTenant, newAccess bool) (warnings admission.Warnings, err error) {
	if !o.DeletionTimestamp.IsZero() {
		return nil, nil
	}
	if newAccess {
		if _, err := access.Compile(o.Spec.Access); err != nil {
			return nil, invalid(v1alpha1.GroupVersion.WithKind("EntraTenant"), o.Name,
				field.Invalid(field.NewPath("spec", "access"), field.OmitValueType{}, err.Error()))
		}
	}
	if len(o.Spec.Access) == 0 {
		warnings = append(warnings, "spec.access is empty: no namespace may manage anybody's phones until a rule says so")
	}
	if o.Spec.PrivilegedUsersOrDefault() == v1alpha1.PrivilegedUsersAllow {
		warnings = append(warnings, "spec.privilegedUsers Allow: whoever access lets manage an administrator's phone can become that administrator")
	}
	return append(warnings, t.twin(ctx, o)...), nil
}

// twin warns of another EntraTenant for the same tenant.
func (t tenants) twin(ctx context.Context, o *v1alpha1.EntraTenant) admission.Warnings {
	var all v1alpha1.EntraTenantList
	if err := t.reader.List(ctx, &all, client.UnsafeDisableDeepCopy); err != nil {
		logf.FromContext(ctx).V(1).Info("could not look for other tenants", "cause", err.Error())
		return nil
	}
	i := slices.IndexFunc(all.Items, func(other v1alpha1.EntraTenant) bool {
		return other.Name != o.Name && other.Spec.TenantGUID() == o.Spec.TenantGUID()
	})
	if i < 0 {
		return nil
	}
	return admission.Warnings{fmt.Sprintf("spec.tenantID: EntraTenant %q speaks for this tenant already; of two the second is not used (Conflict)", all.Items[i].Name)}
}
