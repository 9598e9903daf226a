package webhook_test

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

func TestTenantsAreJudgedAtApply(t *testing.T) {
	s := start(t)
	for sentence, c := range map[string]struct {
		change   func(*v1alpha1.EntraTenant)
		warnings []string
		refusal  string
	}{
		"a tenant that is in order": {change: func(*v1alpha1.EntraTenant) {}},
		"nobody may manage anybody": {
			change:   func(o *v1alpha1.EntraTenant) { o.Spec.Access = nil },
			warnings: []string{"spec.access is empty: no namespace may manage anybody's phones until a rule says so"},
		},
		"administrators are not left out": {
			change:   func(o *v1alpha1.EntraTenant) { o.Spec.PrivilegedUsers = v1alpha1.PrivilegedUsersAllow },
			warnings: []string{"spec.privilegedUsers Allow: whoever access lets manage an administrator's phone can become that administrator"},
		},
		"a second one for one tenant, its id written in another way": {
			change:   func(o *v1alpha1.EntraTenant) { o.Spec.TenantID = "ABCDEF00-2222-3333-4444-555555555555" },
			warnings: []string{`spec.tenantID: EntraTenant "letters" speaks for this tenant already; of two the second is not used (Conflict)`},
		},
		"a selector that cannot be read": {
			change:  func(o *v1alpha1.EntraTenant) { o.Spec.Access[0].Namespaces = unreadable },
			refusal: "access[0].namespaces is no label selector",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			if strings.Contains(sentence, "second") {
				letters := tenant("letters")
				letters.Spec.TenantID = "abcdef00-2222-3333-4444-555555555555"
				must(t, s.admin.Create(t.Context(), letters))
			}
			o := tenant("tried")
			o.Spec.TenantID = "99999999-2222-3333-4444-555555555555"
			c.change(o)
			var warnings []string
			var err error
			s.eventually(t, "warnings", func() error { // the cache learns of letters a moment later
				warnings, err = s.try(t, o)
				return differ(c.warnings, warnings)
			})
			switch {
			case c.refusal == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.refusal != "" && (!apierrors.IsInvalid(err) || !strings.Contains(err.Error(), c.refusal)):
				t.Errorf("the refusal is %v, want %s", err, c.refusal)
			}
		})
	}
}

// A rule that could be written before the webhook was there must not keep the tenant
// from being edited.
func TestRulesFromBeforeAreNotJudgedAgain(t *testing.T) {
	s := start(t)
	edit := func(change func(*v1alpha1.EntraTenant)) ([]string, error) {
		return s.heard(t, func(c client.Client) error {
			var o v1alpha1.EntraTenant
			if err := c.Get(t.Context(), client.ObjectKeyFromObject(oldTenant()), &o); err != nil {
				return err
			}
			change(&o)
			return c.Update(t.Context(), &o, client.DryRunAll)
		})
	}
	if warnings, err := edit(func(o *v1alpha1.EntraTenant) { o.Spec.Mode = v1alpha1.ModeObserve }); err != nil || warnings != nil {
		t.Errorf("change the mode: %v, warnings %q", err, warnings)
	}
	if _, err := edit(func(o *v1alpha1.EntraTenant) { o.Spec.Access[0].Users = []string{"*"} }); !apierrors.IsInvalid(err) {
		t.Errorf("change the rules: %v", err)
	}
}
