package e2e_test

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// With --watch-namespaces the operator does without the right to read the whole cluster's Secrets: Roles in the
// namespaces that it watches, and in its own for the credentials, are enough.
func TestWatchedNamespacesOnly(t *testing.T) {
	t.Parallel()
	s := newStoryAlone(t)
	p, other := s.people, s.team("other")
	s.editTenant(func(spec *v1alpha1.EntraTenantSpec) { spec.Access = append(spec.Access, other.may()) })
	s.restricted("restricted", p.namespace, install.Namespace)
	o := s.launch(launch{account: "restricted", mute: true, args: []string{"--watch-namespaces=" + p.namespace + "," + install.Namespace}})

	u := s.user()
	phones := secret(p.namespace, "phones", "number", "+1 2065550101")
	must(t, s.Create(t.Context(), phones))
	other.apply(other.phone("mobile", u.UPN, mobile, "+1 2065550102")) // older
	p.apply(p.phone("mobile", u.UPN, mobile, "", fromSecret("phones")))
	p.ready("mobile")
	phones.Data["number"] = []byte("+1 2065550103")
	must(t, s.Update(t.Context(), phones))
	s.has(u, "mobile +1 2065550103")

	// A rotated credential is seen, too.
	must(t, s.Update(t.Context(), secret(install.Namespace, s.tenant, "clientSecret", "wrong")))
	s.tenantReaches(v1alpha1.ConditionReady, no, v1alpha1.ReasonCredentialRefused)
	must(t, s.Update(t.Context(), secret(install.Namespace, s.tenant, "clientSecret", "first")))
	s.tenantReaches(v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady)

	unseen, err := other.get("mobile")
	must(t, err)
	if len(unseen.Status.Conditions) != 0 {
		t.Errorf("a resource in another namespace was looked at: %+v", unseen.Status.Conditions)
	}
	if !o.Running() {
		t.Error("the operator ended by itself")
	}
}

// restricted makes a ServiceAccount with the operator's rights but for Secrets, which it may read in some namespaces.
func (s *story) restricted(name string, namespaces ...string) {
	s.t.Helper()
	ctx := s.t.Context()
	var role rbacv1.ClusterRole
	must(s.t, s.Get(ctx, client.ObjectKey{Name: "phone-operator-manager-role"}, &role))
	without := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, rule := range role.Rules {
		rule.Resources = slices.DeleteFunc(rule.Resources, func(r string) bool { return r == "secrets" })
		without.Rules = append(without.Rules, rule)
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: name}}
	subjects := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: install.Namespace, Name: name}}
	objects := []client.Object{account, without, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Subjects: subjects,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
	}}
	for _, namespace := range namespaces {
		there := metav1.ObjectMeta{Namespace: namespace, Name: name}
		objects = append(objects, &rbacv1.Role{
			ObjectMeta: there,
			Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get", "list", "watch"}}},
		}, &rbacv1.RoleBinding{
			ObjectMeta: there, Subjects: subjects,
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		})
	}
	for _, o := range objects {
		must(s.t, s.Create(ctx, o))
	}
}
