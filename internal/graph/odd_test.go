package graph_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/entraops/phone-operator/internal/graph"
)

// A field that tells things apart and is not what it should be is no reason to overlook
// what it stands for: a phone that is overlooked is taken for gone, an administrator for
// nobody.
func TestAnAnswerWithOddFields(t *testing.T) {
	for name, tc := range map[string]struct {
		path, body string
		kind       graph.Kind
	}{
		"a method without id or type":          {"phoneMethods", `{"value":[{"phoneNumber":"+1 2065550100"}]}`, graph.Unavailable},
		"a method with null for both":          {"phoneMethods", `{"value":[{"id":null,"phoneType":null}]}`, graph.Unavailable},
		"a method whose id is a number":        {"phoneMethods", `{"value":[{"id":17,"phoneType":"mobile"}]}`, graph.Unavailable},
		"a method whose type is a list":        {"phoneMethods", `{"value":[{"id":"3179e48a-750b-4051-897c-87b9720928f7","phoneType":["mobile"]}]}`, graph.Unavailable},
		"a method whose number is an object":   {"phoneMethods", `{"value":[{"phoneType":"mobile","phoneNumber":{}}]}`, ""},
		"a method of a type that Graph adds":   {"phoneMethods", `{"value":[{"id":"a5f4a8a1-0000-4000-8000-000000000001","phoneType":"satellite"}]}`, ""},
		"a user whose id is an object":         {"/users/" + adaID, `{"id":{},"userPrincipalName":"ada@contoso.example"}`, graph.Unavailable},
		"a user whose name is a number":        {"/users/" + adaID, `{"id":"` + adaID + `","userPrincipalName":7}`, graph.Unavailable},
		"a role whose template is an object":   {"transitiveMemberOf", `{"value":[{"roleTemplateId":{"id":"` + globalReader + `"}}]}`, graph.Unavailable},
		"a member whose kind is a list":        {"transitiveMemberOf", `{"value":[{"@odata.type":["#microsoft.graph.directoryRole"]}]}`, graph.Unavailable},
		"a role whose definition is an object": {"roleAssignments", `{"value":[{"roleDefinitionId":{}}]}`, graph.Unavailable},
		"a group that may be all sorts":        {"transitiveMemberOf", `{"value":[{"displayName":"x","isAssignableToRole":"true"}]}`, graph.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, over(func(r *http.Request) (*http.Response, error) {
				body := `{"value":[]}`
				if strings.HasSuffix(r.URL.Path, tc.path) {
					body = tc.body
				}
				return reply{status: 200, body: body}.response(r), nil
			}))
			var err error
			switch ctx := context.Background(); {
			case tc.path == "phoneMethods":
				_, err = c.PhoneMethods(ctx, adaID)
			case strings.HasPrefix(tc.path, "/users/"):
				_, err = c.User(ctx, adaID)
			default:
				_, err = c.Protection(ctx, adaID)
			}
			if graph.KindOf(err) != tc.kind {
				t.Errorf("error = %v, want %q", err, tc.kind)
			}
		})
	}
}
