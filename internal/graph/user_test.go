package graph_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
)

func TestAUserIsLookedUpByTheEscapedKey(t *testing.T) {
	for name, tc := range map[string]struct{ key, path string }{
		"a name":                       {"ada@contoso.example", "ada@contoso.example"},
		"an object id":                 {"0f1c0000-0000-4000-8000-00000000000a", "0f1c0000-0000-4000-8000-00000000000a"},
		"an object id in capitals":     {"0F1C0000-0000-4000-8000-00000000000A", "0f1c0000-0000-4000-8000-00000000000a"},
		"an apostrophe":                {"o'brien@contoso.example", "users('o''brien@contoso.example')"},
		"two apostrophes":              {"o''b'@contoso.example", "users('o''''b''@contoso.example')"},
		"a guest":                      {"eve_fabrikam.example#EXT#@contoso.example", "eve_fabrikam.example%23EXT%23@contoso.example"},
		"a guest with an apostrophe":   {"o'b_f.example#EXT#@contoso.example", "users('o''b_f.example%23EXT%23@contoso.example')"},
		"a dollar sign in front":       {"$x@contoso.example", "users('$x@contoso.example')"},
		"a dollar sign in the middle":  {"a$x@contoso.example", "a$x@contoso.example"},
		"every other mark of a name":   {"a.b-c_d!e^f~g@contoso.example", "a.b-c_d%21e%5Ef~g@contoso.example"},
		"a plus sign is not a space":   {"a+b@contoso.example", "a+b@contoso.example"},
		"capitals of a name are kept":  {"Ada@Contoso.example", "Ada@Contoso.example"},
		"an ampersand starts no query": {"a&b=c@contoso.example", "a&b=c@contoso.example"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				reply{status: 200, body: `{"id":"0F1C0000-0000-4000-8000-00000000000A","userPrincipalName":"Ada@contoso.example","mail":null}`}.write(w)
			})
			got, err := s.client(t).User(context.Background(), tc.key)
			must(t, err)
			want := graph.User{ID: "0f1c0000-0000-4000-8000-00000000000a", UserPrincipalName: "Ada@contoso.example"}
			if got != want {
				t.Errorf("User() = %+v", got)
			}
			path := "/v1.0/users/" + tc.path
			if tc.path[:4] == "user" {
				path = "/v1.0/" + tc.path
			}
			if uri := s.requests()[0].URI; uri != path+"?$select=id,userPrincipalName" {
				t.Errorf("URI = %s", uri)
			}
		})
	}
}

func TestAKeyThatIsNoUserIsNotSent(t *testing.T) {
	c := newClient(t, over(func(*http.Request) (*http.Response, error) { panic("a request was sent") }))
	for _, key := range []string{
		"", ".", "..", "me", "ada", "delta", "$count", "a@b/..", "../me@", `a\b@c`, "a@b?$select=id", "a@b%2f",
		"a b@c", "*@c", "a@b\n", "a@b\u200e", "(a)@b", `"a"@b`, "{" + adaID + "}", "urn:uuid:" + adaID,
		adaID[:24] + "../../groups", // as long as an object id
	} {
		for op, call := range map[string]func(context.Context) error{
			"User":              func(ctx context.Context) error { _, err := c.User(ctx, key); return err },
			"PhoneMethods":      func(ctx context.Context) error { _, err := c.PhoneMethods(ctx, key); return err },
			"Protection":        func(ctx context.Context) error { _, err := c.Protection(ctx, key); return err },
			"DeletePhoneMethod": func(ctx context.Context) error { return c.DeletePhoneMethod(ctx, key, phone.Mobile) },
			"CreatePhoneMethod": func(ctx context.Context) error {
				_, err := c.CreatePhoneMethod(ctx, key, phone.Mobile, number(t, "+12065550100"))
				return err
			},
		} {
			if err := call(t.Context()); failure(t, err).Kind != graph.Refused {
				t.Errorf("%s(%q): %v", op, key, err)
			}
		}
	}
}

func TestAUserWithoutItsNamesIsNoUser(t *testing.T) {
	for name, body := range map[string]string{
		"no id":             `{"userPrincipalName":"ada@contoso.example"}`,
		"an id of no GUID":  `{"id":"ada","userPrincipalName":"ada@contoso.example"}`,
		"no name":           `{"id":"` + adaID + `"}`,
		"a name of nothing": `{"id":"` + adaID + `","userPrincipalName":null}`,
		"another thing":     `{"value":[{"id":"` + adaID + `","userPrincipalName":"ada@contoso.example"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) { reply{status: 200, body: body}.write(w) })
			got, err := s.client(t).User(t.Context(), "ada@contoso.example")
			if e := failure(t, err); e.Kind != graph.Unavailable || got != (graph.User{}) {
				t.Errorf("User() = %+v, %v", got, err)
			}
		})
	}
}
