package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/preview"
)

// tenants looks at each EntraTenant.
func (o Options) tenants(ctx context.Context) []Finding {
	var list v1alpha1.EntraTenantList
	if err := o.API.List(ctx, &list); err != nil {
		return []Finding{skipped("tenants", "EntraTenants", err)}
	}
	if len(list.Items) == 0 {
		return []Finding{{"tenants", Warn, "There is no EntraTenant.", "Declare one: without it no phone is managed."}}
	}
	var all []Finding
	for i := range list.Items {
		all = append(all, o.tenant(ctx, &list.Items[i])...)
	}
	return all
}

func (o Options) tenant(ctx context.Context, t *v1alpha1.EntraTenant) []Finding {
	name := func(check string) string { return "tenant " + t.Name + ": " + check }
	all := []Finding{readyOf(t, name("ready")), {name("cloud"), OK, placeOf(t), ""}}
	live, looked := o.live(ctx, t, name)
	for _, c := range warnings {
		if looked && c == v1alpha1.ConditionLeastPrivilege {
			continue // the token tells what is so now
		}
		if f, said := conditionOf(t, c, name(c)); said {
			all = append(all, f)
		}
	}
	return append(all, live...)
}

// warnings are the conditions beside Ready.
var warnings = []string{
	v1alpha1.ConditionContested, v1alpha1.ConditionLeastPrivilege, v1alpha1.ConditionProtectedUsersVisible,
	v1alpha1.ConditionDriftChecksInTime, v1alpha1.ConditionAuditLogFollowed,
}

// conditionOf reports what a condition says. Contested is bad news when it is True, the others when they are not. What the
// tenant's licence leaves out is no fault.
func conditionOf(t *v1alpha1.EntraTenant, condition, check string) (Finding, bool) {
	c := meta.FindStatusCondition(t.Status.Conditions, condition)
	if c == nil {
		return Finding{}, false
	}
	good := c.Status == metav1.ConditionTrue
	if condition == v1alpha1.ConditionContested {
		good = !good
	}
	if good || c.Reason == v1alpha1.ReasonUnlicensed {
		return Finding{check, OK, c.Reason + ": " + c.Message, ""}, true
	}
	return Finding{check, Warn, c.Reason + ": " + c.Message, ""}, true
}

func readyOf(t *v1alpha1.EntraTenant, check string) Finding {
	ready := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case ready == nil || ready.ObservedGeneration != t.Generation:
		return Finding{check, Warn, "The operator has not looked at it as it is now.", "See whether the operator runs, and whether its --tenant-selector selects this EntraTenant."}
	case ready.Status == metav1.ConditionTrue:
		return Finding{check, OK, ready.Message, ""}
	case ready.Status == metav1.ConditionFalse:
		return Finding{check, Fail, ready.Reason + ": " + ready.Message, ""}
	}
	return Finding{check, Warn, ready.Reason + ": " + ready.Message, ""}
}

// placeOf says where a tenant is.
func placeOf(t *v1alpha1.EntraTenant) string {
	said := []string{"cloud " + string(t.Spec.CloudOrDefault())}
	if e := t.Spec.Endpoint; e != nil {
		for _, part := range []struct{ what, address string }{{"Graph", e.Graph}, {"authority", e.Authority}} {
			if part.address != "" {
				said = append(said, part.what+" at "+part.address)
			}
		}
		if len(e.CABundle) > 0 {
			said = append(said, "with certificate authorities of its own")
		}
	}
	text := strings.Join(said, ", ") + "."
	return strings.ToUpper(text[:1]) + text[1:]
}

// secret reads the credential. A finding without State OK ends the look.
func (o Options) secret(ctx context.Context, t *v1alpha1.EntraTenant, check string) (Finding, []byte) {
	ref := t.Spec.Credential.SecretReference()
	if ref == nil {
		return Finding{check, Skip, "Only the operator's pods have this credential: whether it works is in Ready.", ""}, nil
	}
	value, err := preview.Credential(ctx, o.API, ref)
	missing, none := errors.AsType[*preview.MissingCredential](err)
	switch {
	case none:
		return Finding{check, Fail, missing.Error(), fmt.Sprintf("Create it with the credential under key %q.", ref.Key)}, nil
	case apierrors.IsForbidden(err):
		return Finding{check, Skip, fmt.Sprintf("You may not read Secret %s/%s: token, permissions and clock were not looked at.", ref.Namespace, ref.Name), ""}, nil
	case err != nil:
		return skipped(check, "the credential", err), nil
	}
	return Finding{check, OK, fmt.Sprintf("Secret %s/%s has it.", ref.Namespace, ref.Name), ""}, value
}

// worst is the worst state of findings.
func worst(all []Finding) State {
	order := []State{OK, Skip, Warn, Fail}
	state := OK
	for _, f := range all {
		if slices.Index(order, f.State) > slices.Index(order, state) {
			state = f.State
		}
	}
	return state
}

// Fine reports whether there is nothing to do.
func Fine(all []Finding) bool { return worst(all) != Warn && worst(all) != Fail }
