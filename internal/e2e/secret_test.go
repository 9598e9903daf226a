package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// clerk is somebody who may write the Secrets of the team's namespace and nothing else.
func (g *team) clerk() client.Client {
	g.t.Helper()
	ctx := g.t.Context()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: g.namespace, Name: "clerk"}}
	role := &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: g.namespace, Name: "secrets"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get", "create", "update"}}},
	}
	must(g.t, g.world.Create(ctx, account))
	must(g.t, g.world.Create(ctx, role))
	must(g.t, g.world.Create(ctx, bind(account, rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name})))
	return g.loggedIn(account)
}

// Who may write the Secret writes the number: an access rule does not see who did. It is stopped where a write of the
// resource would be stopped, and it is told.
func TestASecretThatIsSwapped(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, clerk := s.people, s.people.clerk()
	u := s.user()
	phones := secret(p.namespace, "phones", "number", "+1 2065550101")
	swap := func(number string) {
		t.Helper()
		phones.Data["number"] = []byte(number)
		must(t, clerk.Update(t.Context(), phones))
	}
	must(t, clerk.Create(t.Context(), phones))
	p.apply(p.phone("mobile", u.UPN, mobile, "", fromSecret("phones")))
	p.ready("mobile")

	// Not stopped, and told: by an event, by an audit line.
	swap("+1 2065550102")
	s.has(u, "mobile +1 2065550102")
	s.eventually("an event tells of it", func() error {
		if !strings.Contains(s.told(p), `"reason":"Updated"`) {
			return errNotYet
		}
		return nil
	})
	if a := s.audited(u); len(a) != 2 || a[1].Action != "update" {
		t.Errorf("audit lines: %+v", a)
	}

	// Stopped: where updates are not allowed.
	s.editTenant(func(spec *v1alpha1.EntraTenantSpec) {
		spec.Access[0].Actions = []v1alpha1.Action{v1alpha1.ActionCreate, v1alpha1.ActionDelete}
	})
	s.tenantReaches(v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady)
	unchanged := s.graphStays()
	swap("+1 2065550103")
	p.refused(v1alpha1.ReasonNotPermitted, "mobile")
	unchanged()

	// Stopped: where the user is an administrator by now.
	must(t, s.graph.UpdateUser(u.ID, func(u *emulator.User) { u.Roles = []emulator.Role{globalAdministrator} }))
	s.editTenant(func(spec *v1alpha1.EntraTenantSpec) { spec.Access[0].Actions = nil })
	p.refused(v1alpha1.ReasonPrivilegedUser, "mobile")
	swap("+1 2065550104")
	p.look("mobile")
	unchanged()

	// Not for the clerk: the resource itself, and with it whose number it is.
	err := clerk.Patch(t.Context(), p.phone("mobile", "", "", ""), client.RawPatch(types.MergePatchType, []byte(`{"spec":{"suspend":true}}`)))
	if !apierrors.IsForbidden(err) {
		t.Errorf("who may write Secrets edits the resource: %v", err)
	}
}

// Who may write resources, and not read Secrets, learns of a Secret's number no more than the mask, and of what is no
// number nothing. Another namespace's Secrets cannot be named at all.
func TestASecretThatTheEditorMayNotRead(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, other := s.people, s.team("other")
	u := s.user()
	const password = "correct horse battery staple"
	for name, value := range map[string]string{"phones": "+1 2065550101", "password": password, "half-a-number": "call 206-555-0102 after six"} {
		must(t, s.Create(t.Context(), secret(p.namespace, name, "number", value)))
	}
	must(t, s.Create(t.Context(), secret(other.namespace, "theirs", "number", "+1 2065550103")))
	if err := p.Get(t.Context(), client.ObjectKey{Namespace: p.namespace, Name: "phones"}, &corev1.Secret{}); !apierrors.IsForbidden(err) {
		t.Errorf("an editor of phones reads Secrets: %v", err)
	}
	p.apply(p.phone("mobile", u.UPN, mobile, "", fromSecret("phones")),
		p.phone("alt", u.UPN, alternate, "", fromSecret("password")),
		p.phone("office", u.UPN, office, "", fromSecret("half-a-number")))
	p.ready("mobile")
	p.refused(v1alpha1.ReasonInvalidNumber, "alt", "office")
	for _, word := range append(strings.Fields(password), "206-555", "call", "after six") {
		if strings.Contains(s.told(p), word) {
			t.Errorf("what the operator wrote holds %q", word)
		}
	}
	p.edit("office", fromSecret("theirs"))
	p.refused(v1alpha1.ReasonNumberSourceNotFound, "office")
	for _, name := range []string{other.namespace + "/theirs", "../" + other.namespace + "/theirs"} {
		err := p.Patch(t.Context(), p.phone("office", "", "", ""), client.RawPatch("application/merge-patch+json",
			fmt.Appendf(nil, `{"spec":{"phoneNumberFrom":{"secretKeyRef":{"name":%q,"key":"number"}}}}`, name)))
		if !apierrors.IsInvalid(err) {
			t.Errorf("the name %q: %v, want that it is invalid", name, err)
		}
	}
}
