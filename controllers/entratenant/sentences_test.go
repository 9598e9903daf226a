package entratenant

import (
	"strings"
	"testing"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
)

func TestWhatTheEntraTenantSaysOfTheWayToGraph(t *testing.T) {
	refused := func(status int) *graph.Error {
		p := &graph.ProxyError{Proxy: "proxy.example:3128", Target: "login.microsoftonline.com:443", Status: status}
		return &graph.Error{Kind: graph.Unavailable, Cause: "no token: " + p.Error(), Proxy: p}
	}
	untrusted := &graph.Error{Kind: graph.Unavailable, Cause: "the server's certificate is not trusted"}
	const bundle = "spec.endpoint.caBundle"
	for name, tc := range map[string]struct {
		endpoint *v1alpha1.Endpoint
		failure  *graph.Error
		says     []string
	}{
		"a proxy that wants a sign-in": {nil, refused(407), []string{"proxy.example:3128", "login.microsoftonline.com:443", "HTTP 407 Proxy Authentication Required", "HTTPS_PROXY", "NO_PROXY"}},
		"a proxy that forbids it":      {nil, refused(403), []string{"proxy.example:3128", "HTTP 403 Forbidden", "let the operator through", "NO_PROXY"}},
		"a cloud's hosts, inspected":   {nil, untrusted, []string{untrusted.Cause, "inspects TLS", bundle}},
		"the same, with a bundle":      {&v1alpha1.Endpoint{CABundle: []byte("x")}, untrusted, []string{untrusted.Cause, "inspects TLS", bundle}},
		"hosts of one's own":           {&v1alpha1.Endpoint{Graph: "https://graph.example"}, untrusted, []string{untrusted.Cause, "check spec.endpoint: graph, authority and caBundle"}},
		"an answer without a cause":    {nil, &graph.Error{Kind: graph.Unavailable, Status: 502}, []string{"HTTP 502"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := noAnswer(&v1alpha1.EntraTenantSpec{Endpoint: tc.endpoint}, tc.failure)
			for _, want := range tc.says {
				if !strings.Contains(got, want) {
					t.Errorf("%q is not in: %s", want, got)
				}
			}
		})
	}
}

func TestWhatTheEntraTenantSaysOfARefusedLookUp(t *testing.T) {
	for kind, want := range map[graph.Kind]string{
		graph.Forbidden:    "grant it User.ReadBasic.All with admin consent",
		graph.Restricted:   "grant it User.Read.All",
		graph.TokenRefused: "does not accept the token",
	} {
		if got := noAccess(&graph.Error{Kind: kind}); !strings.Contains(got, want) {
			t.Errorf("%s: %s", kind, got)
		}
	}
}
