package config_test

import (
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The operator may do its work, and what it does not need it may not do.
func TestWhatTheOperatorMayDo(t *testing.T) {
	const identity = "identity.entraops.dev"
	for sentence, c := range map[string]struct {
		attributes authorizationv1.ResourceAttributes
		want       bool
	}{
		"watch methods":                             {resource(identity, "phoneauthenticationmethods", "", "watch", ""), true},
		"set finalizers on methods":                 {resource(identity, "phoneauthenticationmethods", "", "patch", "people"), true},
		"write the status of methods":               {resource(identity, "phoneauthenticationmethods", "status", "patch", "people"), true},
		"watch tenants":                             {resource(identity, "entratenants", "", "watch", ""), true},
		"set finalizers on tenants":                 {resource(identity, "entratenants", "", "patch", ""), true},
		"write the status of tenants":               {resource(identity, "entratenants", "status", "patch", ""), true},
		"read a Secret":                             {resource("", "secrets", "", "get", "people"), true},
		"watch Secrets":                             {resource("", "secrets", "", "watch", ""), true},
		"watch namespaces for their labels":         {resource("", "namespaces", "", "watch", ""), true},
		"write events":                              {resource("events.k8s.io", "events", "", "create", "people"), true},
		"hold the Lease in its own namespace":       {resource("coordination.k8s.io", "leases", "", "update", namespace), true},
		"remove the Lease of a tenant that is gone": {resource("coordination.k8s.io", "leases", "", "delete", namespace), true},
		"ask who reads the metrics":                 {resource("authentication.k8s.io", "tokenreviews", "", "create", ""), true},
		"ask whether they may":                      {resource("authorization.k8s.io", "subjectaccessreviews", "", "create", ""), true},
		"create methods":                            {resource(identity, "phoneauthenticationmethods", "", "create", "people"), false},
		"delete methods":                            {resource(identity, "phoneauthenticationmethods", "", "delete", "people"), false},
		"create tenants":                            {resource(identity, "entratenants", "", "create", ""), false},
		"delete tenants":                            {resource(identity, "entratenants", "", "delete", ""), false},
		"write Secrets":                             {resource("", "secrets", "", "update", "people"), false},
		"create Secrets":                            {resource("", "secrets", "", "create", namespace), false},
		"remove a Lease in another namespace":       {resource("coordination.k8s.io", "leases", "", "delete", "people"), false},
		"hold a Lease in another namespace":         {resource("coordination.k8s.io", "leases", "", "update", "people"), false},
		"make pods":                                 {resource("", "pods", "", "create", namespace), false},
		"make tokens of service accounts":           {resource("", "serviceaccounts", "token", "create", namespace), false},
		"give itself more":                          {resource("rbac.authorization.k8s.io", "clusterroles", "", "update", ""), false},
		"act as others":                             {resource("", "users", "", "impersonate", ""), false},
		"change the kinds":                          {resource("apiextensions.k8s.io", "customresourcedefinitions", "", "patch", ""), false},
		"read what is not its business, pods":       {resource("", "pods", "", "list", ""), false},
		"read ConfigMaps of other applications":     {resource("", "configmaps", "", "get", "people"), false},
	} {
		t.Run(sentence, func(t *testing.T) {
			may(t, k8s(t), c.attributes, c.want)
		})
	}
}

// may checks what the API server allows the operator.
func may(t *testing.T, c client.Client, attributes authorizationv1.ResourceAttributes, want bool) {
	t.Helper()
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User:               "system:serviceaccount:" + namespace + ":phone-operator-controller-manager",
		Groups:             []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
		ResourceAttributes: &attributes,
	}}
	if err := c.Create(t.Context(), review); err != nil {
		t.Fatal(err)
	}
	if review.Status.Allowed != want {
		t.Errorf("allowed: %t, want %t (%s)", review.Status.Allowed, want, review.Status.Reason)
	}
}

func resource(group, resource, subresource, verb, namespace string) authorizationv1.ResourceAttributes {
	return authorizationv1.ResourceAttributes{
		Group: group, Resource: resource, Subresource: subresource, Verb: verb, Namespace: namespace,
	}
}

// Registering a phone for someone is a way to become them: nobody gets it by being
// an editor or an administrator of some namespace.
func TestNoRoleIsAggregated(t *testing.T) {
	objects, err := render("config/default")
	if err != nil {
		t.Fatal(err)
	}
	roles := map[string]bool{}
	for _, o := range objects {
		if o.GetKind() != "ClusterRole" {
			continue
		}
		roles[o.GetName()] = true
		for label := range o.GetLabels() {
			if strings.HasPrefix(label, rbacv1.GroupName+"/aggregate-to-") {
				t.Errorf("%s has the label %s", o.GetName(), label)
			}
		}
	}
	for _, name := range []string{
		"phone-operator-phoneauthenticationmethod-editor-role", "phone-operator-phoneauthenticationmethod-viewer-role",
		"phone-operator-entratenant-admin-role", "phone-operator-entratenant-viewer-role",
	} {
		if !roles[name] {
			t.Errorf("no ClusterRole %s", name)
		}
	}
}
