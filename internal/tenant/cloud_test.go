package tenant_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/tenant"
)

func TestEachCloudHasItsGraph(t *testing.T) {
	for name, tc := range map[string]struct {
		place              tenant.Place
		endpoint, audience string
		noSMS              bool
	}{
		"none is public":      {tenant.Place{}, "https://graph.microsoft.com", "", false},
		"China has no SMS":    {tenant.Place{Cloud: tenant.China}, "https://microsoftgraph.chinacloudapi.cn", "", true},
		"an emulator of both": {tenant.Place{Graph: "https://a.example", Authority: "https://a.example"}, "https://a.example", "", false},
		"a gateway to Graph takes tokens for Graph": {
			tenant.Place{Cloud: tenant.USGovernment, Graph: "https://gateway.example/graph"},
			"https://gateway.example/graph", "https://graph.microsoft.us", false,
		},
		"a gateway to the authority": {tenant.Place{Authority: "https://login.example"}, "https://graph.microsoft.com", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := tc.place.GraphOptions(nil)
			must(t, err)
			if o.Endpoint != tc.endpoint || o.Audience != tc.audience || o.NoSMSSignIn != tc.noSMS {
				t.Errorf("GraphOptions() = %+v", o)
			}
		})
	}
}

func TestABundleIsTrustedForGraphAndForTheAuthority(t *testing.T) {
	p := serve(t, emulator.App{Secret: secret})
	must(t, look(t, p, tenant.ClientSecret(secret)))

	without := p
	without.CABundle = nil
	if err := look(t, without, tenant.ClientSecret(secret)); graph.KindOf(err) != graph.Unavailable {
		t.Errorf("without the bundle: %v", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("followed") }))
	t.Cleanup(elsewhere.Close)
	s := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(s.Close)
	o, err := tenant.Place{}.GraphOptions(nil)
	must(t, err)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.URL, nil)
	must(t, err)
	resp, err := o.Transport.Do(req)
	must(t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusTemporaryRedirect {
		t.Errorf("status = %d", resp.StatusCode)
	}
}
