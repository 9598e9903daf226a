package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// A namespace that no rule is for gets nothing done, learns nothing, and costs Graph nothing: whether a user exists and
// under which object id is not told to whoever may create a resource somewhere.
func TestANamespaceWithoutARule(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	hostile := s.team("hostile")
	u := s.user(func(u *emulator.User) { u.Phones = map[string]string{"office": "+1 2065550109"} })
	unchanged := s.graphStays()
	hostile.apply(hostile.phone("mobile", u.UPN, mobile, "+1 2065550101"),
		hostile.phone("by-id", u.ID, alternate, "+1 2065550102"),
		hostile.phone("shouted", strings.ToUpper(u.UPN), office, "+1 2065550103", adoptAlways),
		hostile.phone("nobody", "nobody@contoso.com", mobile, "+1 2065550104"))
	messages := map[string]bool{}
	for _, name := range []string{"mobile", "by-id", "shouted", "nobody"} {
		o := hostile.reaches(name, v1alpha1.ConditionAccepted, no, v1alpha1.ReasonNotPermitted)
		if o.Status.UserID != "" {
			t.Errorf("%s: the operator tells the user's object id", name)
		}
		messages[meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionAccepted).Message] = true
	}
	if len(messages) != 1 {
		t.Errorf("a user that exists can be told from one that does not: %v", messages)
	}
	for _, r := range s.graph.Requests() {
		if r.User == u.ID || strings.Contains(r.Path, "nobody") {
			t.Errorf("the operator asked Graph: %s %s", r.Method, r.LogPath())
		}
	}
	hostile.remove("mobile", "by-id", "shouted", "nobody")
	hostile.gone("mobile", "by-id", "shouted", "nobody")
	unchanged()
}

// Rules are about the user that Graph knows, not about what the resource calls it.
func TestUsersThatNoRuleCovers(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for name, upn := range map[string]string{
		"another domain":                "carol@fabrikam.com",
		"a guest":                       "eve_fabrikam.com#EXT#@contoso.onmicrosoft.com",
		"a guest from the domain":       "ada_contoso.com#EXT#@fabrikam.onmicrosoft.com",
		"a domain that begins alike":    "ada@contoso.com.fabrikam.com",
		"a domain that ends alike":      "ada@notcontoso.com",
		"a subdomain":                   "ada@sub.contoso.com",
		"a name like a covered address": "x_contoso.com@fabrikam.com",
	} {
		t.Run(name, func(*testing.T) {
			u := s.user(func(u *emulator.User) { u.UPN = upn; u.Phones = map[string]string{"office": "+1 2065550109"} })
			unchanged := s.graphStays()
			id := "u" + u.ID[:8]
			s.people.apply(s.people.phone(id, u.UPN, mobile, "+1 2065550101"),
				s.people.phone(id+"-by-id", u.ID, mobile, "+1 2065550102"),
				s.people.phone(id+"-shouted", strings.ToUpper(u.ID), office, "+1 2065550103", adoptAlways))
			s.people.refused(v1alpha1.ReasonNotPermitted, id, id+"-by-id", id+"-shouted")
			s.people.remove(id, id+"-by-id", id+"-shouted")
			s.people.gone(id, id+"-by-id", id+"-shouted")
			unchanged()
		})
	}
}

// What a rule leaves out is not done, and the rest is.
func TestTypesActionsAndSourcesThatNoRuleCovers(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p := s.people
	only := func(change func(*v1alpha1.AccessRule)) {
		s.editTenant(func(spec *v1alpha1.EntraTenantSpec) { spec.Access = []v1alpha1.AccessRule{p.may(change)} })
		s.tenantReaches(v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady) // and so do the rules
	}
	u := s.user(func(u *emulator.User) {
		u.Phones = map[string]string{"alternateMobile": "+1 2065550109", "mobile": "+1 2065550108"}
	})

	only(func(r *v1alpha1.AccessRule) { r.PhoneTypes = []v1alpha1.PhoneType{office} })
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101", adoptAlways), p.phone("office", u.UPN, office, "+1 2065550102"))
	p.refused(v1alpha1.ReasonNotPermitted, "mobile")
	p.ready("office")

	only(func(r *v1alpha1.AccessRule) {
		r.Actions = []v1alpha1.Action{v1alpha1.ActionCreate, v1alpha1.ActionDelete}
	})
	p.refused(v1alpha1.ReasonNotPermitted, "mobile") // it would be an update
	p.edit("office", number("+1 2065550103"))
	p.refused(v1alpha1.ReasonNotPermitted, "office")
	s.has(u, "mobile +1 2065550108", "alternateMobile +1 2065550109", "office +1 2065550102")

	only(func(r *v1alpha1.AccessRule) {
		r.Actions = []v1alpha1.Action{v1alpha1.ActionCreate, v1alpha1.ActionUpdate}
	})
	p.ready("mobile", "office")
	unchanged := s.graphStays()
	p.remove("office")
	p.gone("office")
	unchanged() // it may not delete, so it leaves the phone

	only(func(r *v1alpha1.AccessRule) { r.NumberSource = v1alpha1.NumberSourceSecretOnly })
	p.refused(v1alpha1.ReasonNotPermitted, "mobile")
	p.edit("mobile", number("+1 2065550104"))
	p.refused(v1alpha1.ReasonNotPermitted, "mobile")
	unchanged()
}

// A rule that is taken away bites on what is there already.
func TestARuleTakenAway(t *testing.T) {
	t.Parallel()
	for name, takeAway := range map[string]func(*story){
		"no rules":      func(s *story) { s.editTenant(func(spec *v1alpha1.EntraTenantSpec) { spec.Access = nil }) },
		"another label": func(s *story) { s.label(s.people.namespace, "allowed", "no") },
		"the user is renamed out of it": func(s *story) {
			for _, o := range s.resources() {
				must(s.t, s.graph.RenameUser(o.Status.UserID, "x"+o.Status.UserID[:8]+"@fabrikam.com"))
				s.people.look(o.Name)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			p := s.people
			s.label(p.namespace, "allowed", "yes")
			s.editTenant(func(spec *v1alpha1.EntraTenantSpec) {
				spec.Access[0].Namespaces = metav1.LabelSelector{MatchLabels: map[string]string{"allowed": "yes"}}
			})
			u := s.user()
			p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101"))
			p.ready("mobile")

			takeAway(s)
			p.refused(v1alpha1.ReasonNotPermitted, "mobile")
			unchanged := s.graphStays()
			p.edit("mobile", number("+1 2065550102"))
			p.refused(v1alpha1.ReasonNotPermitted, "mobile")
			p.apply(p.phone("office", u.ID, office, "+1 2065550103"))
			p.refused(v1alpha1.ReasonNotPermitted, "office")
			p.remove("mobile", "office")
			p.gone("mobile", "office")
			unchanged()
			s.has(u, "mobile +1 2065550101")
		})
	}
}

// Who may label namespaces decides whom a rule that selects by a label is for. The name is a label that cannot be forged.
func TestTheNameOfANamespaceCannotBeForged(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	hostile := s.team("hostile")
	ns := &corev1.Namespace{}
	must(t, s.Get(t.Context(), client.ObjectKey{Name: hostile.namespace}, ns))
	ns.Labels[corev1.LabelMetadataName] = s.people.namespace
	if err := hostile.Update(t.Context(), ns.DeepCopy()); err == nil {
		t.Error("an editor of phones may edit the namespace")
	}
	err := s.Update(t.Context(), ns) // even as the administrator
	must(t, s.Get(t.Context(), client.ObjectKey{Name: hostile.namespace}, ns))
	if got := ns.Labels[corev1.LabelMetadataName]; got != hostile.namespace {
		t.Errorf("the label is %q (%v)", got, err)
	}
}

func (s *story) label(namespace, key, value string) {
	s.t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	patch := fmt.Sprintf(`{"metadata":{"labels":{%q:%q}}}`, key, value)
	must(s.t, s.Patch(s.t.Context(), ns, client.RawPatch(types.MergePatchType, []byte(patch))))
}
