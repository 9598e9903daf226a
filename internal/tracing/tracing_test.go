package tracing

import "testing"

func TestPathsNameKindsAndNothingElse(t *testing.T) {
	for path, want := range map[string]string{
		"/v1.0/users/0f1c0000-0000-4000-8000-000000000001/authentication/phoneMethods":                                      "users/{id}/authentication/phoneMethods",
		"/v1.0/users/0f1c0000-0000-4000-8000-000000000001/authentication/phoneMethods/3179e48a-750b-4051-897c-87b9720928f7": "users/{id}/authentication/phoneMethods/{id}",
		"/v1.0/users/ada@contoso.com": "users/{id}",
		"/v1.0/users/ada":             "users/{id}",
		"/v1.0/users/0f1c/transitiveMemberOf/microsoft.graph.group":  "users/{id}/transitiveMemberOf/microsoft.graph.group",
		"/beta/users/0f1c/authentication/phoneMethods/31/$something": "users/{id}/authentication/phoneMethods/{id}/$something",
		"/v1.0/roleManagement/directory/roleAssignments":             "roleManagement/directory/roleAssignments",
		"/v1.0/+12065550101": "{id}",
		"/":                  "",
	} {
		if got := graphPath(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	for path, want := range map[string]string{
		"/apis/identity.entraops.dev/v1alpha1/namespaces/people/phoneauthenticationmethods/ada/status": "phoneauthenticationmethods/status",
		"/apis/identity.entraops.dev/v1alpha1/namespaces/people/phoneauthenticationmethods/ada":        "phoneauthenticationmethods",
		"/apis/identity.entraops.dev/v1alpha1/entratenants/default/status":                             "entratenants/status",
		"/api/v1/namespaces/people/secrets/ada":                                                        "secrets",
		"/api/v1/namespaces/people":                                                                    "namespaces",
		"/apis":                                                                                        "",
		"/":                                                                                            "",
	} {
		if got := kubernetesPath(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}
