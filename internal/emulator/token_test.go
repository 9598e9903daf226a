package emulator_test

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
)

func TestWhatTheTokenEndpointRefuses(t *testing.T) {
	g := start(t)
	const nobody = "66666666-7777-8888-9999-00000000000f"
	for name, c := range map[string]struct {
		tenant string
		change url.Values
		status int
		code   string
		number string
	}{
		"a wrong secret":                {change: url.Values{"client_secret": {"wrong"}}, status: 401, code: "invalid_client", number: "AADSTS7000215"},
		"an empty secret":               {change: url.Values{"client_secret": {""}}, status: 401, code: "invalid_client", number: "AADSTS7000215"},
		"no proof":                      {change: url.Values{"client_secret": nil}, status: 401, code: "invalid_client", number: "AADSTS7000216"},
		"an app nobody knows":           {change: url.Values{"client_id": {nobody}}, status: 400, code: "unauthorized_client", number: "AADSTS700016"},
		"no app":                        {change: url.Values{"client_id": nil}, status: 400, code: "invalid_request", number: "AADSTS900144"},
		"a tenant nobody knows":         {tenant: nobody, status: 400, code: "invalid_request", number: "AADSTS90002"},
		"no tenant":                     {tenant: "common", status: 400, code: "invalid_request", number: "AADSTS50059"},
		"no grant type":                 {change: url.Values{"grant_type": nil}, status: 400, code: "invalid_request", number: "AADSTS900144"},
		"another grant type":            {change: url.Values{"grant_type": {"password"}}, status: 400, code: "unsupported_grant_type", number: "AADSTS70003"},
		"no scope":                      {change: url.Values{"scope": nil}, status: 400, code: "invalid_request", number: "AADSTS900144"},
		"a single permission as scope":  {change: url.Values{"scope": {g.server.URL + "/User.Read.All"}}, status: 400, code: "invalid_scope", number: "AADSTS70011"},
		"two scopes":                    {change: url.Values{"scope": {g.server.URL + "/.default " + g.server.URL + "/.default"}}, status: 400, code: "invalid_scope", number: "AADSTS70011"},
		"the scope of another service":  {change: url.Values{"scope": {"https://vault.azure.net/.default"}}, status: 400, code: "invalid_resource", number: "AADSTS500011"},
		"claims that are no JSON":       {change: url.Values{"claims": {"{"}}, status: 400, code: "invalid_request", number: "AADSTS900014"},
		"an assertion that is no JWT":   {change: url.Values{"client_assertion": {"x"}, "client_assertion_type": {assertionType}}, status: 400, code: "invalid_request", number: "AADSTS50027"},
		"an assertion without its type": {change: url.Values{"client_assertion": {"x"}}, status: 400, code: "invalid_request", number: "AADSTS900144"},
	} {
		t.Run(name, func(t *testing.T) {
			form := g.form()
			for field, value := range c.change {
				if value == nil {
					form.Del(field)
					continue
				}
				form[field] = value
			}
			tenant := tenantID
			if c.tenant != "" {
				tenant = c.tenant
			}
			r := g.post("/"+tenant+"/oauth2/v2.0/token", form)
			if r.status != c.status || r.json()["error"] != c.code || !strings.HasPrefix(r.json()["error_description"].(string), c.number+": ") {
				t.Errorf("%d %s", r.status, r.body)
			}
			if strings.Contains(r.body, "wrong") {
				t.Error("the refusal repeats the secret")
			}
		})
	}
	g.send(request{method: "GET", path: "/" + tenantID + "/oauth2/v2.0/token", anonymous: true}).wants(405, "")
}

func TestWhatAnAccessTokenSays(t *testing.T) {
	g := start(t)
	keys := g.do("GET", "/common/discovery/v2.0/keys", "").json()["keys"].([]any)[0].(map[string]any)
	var said jwt.MapClaims
	token, err := jwt.ParseWithClaims(g.token, &said, func(*jwt.Token) (any, error) { return publicKey(t, keys), nil },
		jwt.WithTimeFunc(g.clock.Now), jwt.WithAudience(g.server.URL), jwt.WithIssuer(g.server.URL+"/"+tenantID+"/v2.0"))
	must(t, err)
	if token.Header["kid"] != keys["kid"] || token.Method.Alg() != "RS256" {
		t.Errorf("header %v", token.Header)
	}
	if said["appid"] != clientID || said["tid"] != tenantID || len(said["roles"].([]any)) != len(everyPermission) || said["xms_cc"] != nil {
		t.Errorf("claims %v", said)
	}
}

func publicKey(t *testing.T, key map[string]any) *rsa.PublicKey {
	t.Helper()
	number := func(name string) *big.Int {
		raw, err := base64.RawURLEncoding.DecodeString(key[name].(string))
		must(t, err)
		return new(big.Int).SetBytes(raw)
	}
	return &rsa.PublicKey{N: number("n"), E: int(number("e").Int64())}
}

func TestACapableClientGetsALongToken(t *testing.T) {
	g := start(t)
	form := g.form()
	r := g.post(tokenPath, form)
	if got := r.json()["expires_in"]; got != 3600.0 || r.header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("expires in %v, as %s", got, r.header.Get("Content-Type"))
	}
	form.Set("claims", `{"access_token":{"xms_cc":{"values":["cp1"]}}}`)
	if got := g.post(tokenPath, form).json()["expires_in"]; got != 86400.0 {
		t.Errorf("expires in %v", got)
	}
}

func TestATenantIsNamedByItsDomainToo(t *testing.T) {
	g := start(t)
	if r := g.post("/Contoso.Example/oauth2/v2.0/token", g.form()); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestDiscovery(t *testing.T) {
	g := start(t)
	doc := g.do("GET", "/"+tenantID+"/v2.0/.well-known/openid-configuration", "").json()
	for field, want := range map[string]string{
		"issuer":         g.server.URL + "/" + tenantID + "/v2.0",
		"token_endpoint": g.server.URL + "/" + tenantID + "/oauth2/v2.0/token",
		"jwks_uri":       g.server.URL + "/" + tenantID + "/discovery/v2.0/keys",
	} {
		if doc[field] != want {
			t.Errorf("%s is %v", field, doc[field])
		}
	}
	g.do("GET", "/"+bobID+"/v2.0/.well-known/openid-configuration", "").wants(400, "")
	instance := g.do("GET", "/common/discovery/instance?api-version=1.1&authorization_endpoint=x", "").json()
	host := strings.TrimPrefix(g.server.URL, "https://")
	want := []any{map[string]any{"preferred_network": host, "preferred_cache": host, "aliases": []any{host}}}
	if d := cmp.Diff(want, instance["metadata"]); d != "" {
		t.Error(d)
	}
}

func TestWhichTokensGraphRefuses(t *testing.T) {
	g := start(t)
	other := start(t)
	parts := strings.Split(g.token, ".")
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + "."
	for name, header := range map[string]string{
		"none":                      "",
		"another scheme":            "Basic " + g.token,
		"no token after the scheme": "Bearer ",
		"not a JWT":                 "Bearer abc",
		"without a signature":       "Bearer " + unsigned,
		"with another signature":    "Bearer " + parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
		"with other claims":         "Bearer " + parts[0] + "." + withEveryRole(t, parts[1]) + "." + parts[2],
		"for another server":        "Bearer " + other.token,
	} {
		t.Run(name, func(t *testing.T) {
			r := g.send(request{method: "GET", path: phones(adaID), header: map[string]string{"Authorization": header}})
			r.wants(401, "InvalidAuthenticationToken")
			if got := r.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") || strings.Contains(got, "claims=") {
				t.Errorf("WWW-Authenticate %q", got)
			}
		})
	}
}

func withEveryRole(t *testing.T, part string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(part)
	must(t, err)
	var said map[string]any
	must(t, json.Unmarshal(raw, &said))
	said["roles"] = []string{"Directory.ReadWrite.All"}
	raw, err = json.Marshal(said)
	must(t, err)
	return base64.RawURLEncoding.EncodeToString(raw)
}

func TestATokenEndsWithTimeOrItsApp(t *testing.T) {
	g := start(t)
	g.clock.advance(59 * time.Minute)
	g.do("GET", phones(adaID), "").wants(200, "")
	g.clock.advance(2 * time.Minute)
	r := g.do("GET", phones(adaID), "")
	r.wants(http.StatusUnauthorized, "InvalidAuthenticationToken")
	if !strings.Contains(r.body, "expired") {
		t.Errorf("%s", r.body)
	}
	g.token = g.signIn()
	g.do("GET", phones(adaID), "").wants(200, "")
	g.Reset()
	must(t, g.AddTenant(emulator.Tenant{ID: tenantID}))
	g.do("GET", phones(adaID), "").wants(401, "InvalidAuthenticationToken") // the app is gone
}

func TestARotatedSecret(t *testing.T) {
	g := start(t)
	must(t, g.AddApp(emulator.App{ClientID: clientID, Secret: "a new one", Roles: everyPermission}))
	g.do("GET", phones(adaID), "").wants(200, "") // the token lives on
	if r := g.post(tokenPath, g.form()); r.status != 401 {
		t.Errorf("the old secret: %d", r.status)
	}
	form := g.form()
	form.Set("client_secret", "a new one")
	if r := g.post(tokenPath, form); r.status != 200 {
		t.Errorf("the new secret: %d", r.status)
	}
}

func TestTenantsAreApart(t *testing.T) {
	g := start(t)
	const otherTenant = "11111111-2222-3333-4444-55555555555f"
	const theirs = "0f1c0000-0000-4000-8000-00000000000f"
	must(t, g.AddTenant(emulator.Tenant{ID: otherTenant}))
	must(t, g.AddUser(emulator.User{ID: theirs, TenantID: otherTenant, UPN: "zoe@fabrikam.example"}))
	g.do("GET", "/v1.0/users/"+theirs, "").wants(404, "Request_ResourceNotFound")
	g.do("GET", phones(theirs), "").wants(404, "resourceNotFound")
	if r := g.post("/"+otherTenant+"/oauth2/v2.0/token", g.form()); r.status != 400 {
		t.Errorf("an app of one tenant signs in to another: %d", r.status)
	}
}

func TestTheRecordKeepsNoSecrets(t *testing.T) {
	g := start(t)
	all := g.Requests()
	i := slices.IndexFunc(all, func(r emulator.Request) bool { return strings.HasSuffix(r.Path, "/token") })
	if i < 0 || all[i].App != clientID || all[i].Tenant != tenantID || all[i].Status != 200 {
		t.Fatalf("token request %+v", all)
	}
	g.do("GET", phones(adaID), "")
	raw, err := json.Marshal(g.Requests())
	must(t, err)
	if strings.Contains(string(raw), url.QueryEscape(secret)) || strings.Contains(string(raw), g.token) {
		t.Error("the record holds the secret or the token")
	}
}

func TestLoopbackHasMoreThanOneName(t *testing.T) {
	g := start(t)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(g.server.URL, "https://"))
	must(t, err)
	form := g.form()
	form.Set("scope", "https://localhost:"+port+"/.default")
	token, _ := g.post(tokenPath, form).json()["access_token"].(string)
	r, err := http.NewRequest(http.MethodGet, "https://localhost:"+port+phones(adaID), http.NoBody)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := g.client.Do(r)
	must(t, err)
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		t.Errorf("status %d", answer.StatusCode)
	}
}

// Clients that take the emulator's address for Graph's, but not for its name.
func TestATokenForGraphsOwnNameIsGood(t *testing.T) {
	g := start(t)
	for _, root := range []string{
		"https://graph.microsoft.com", "https://graph.microsoft.com/", "https://GRAPH.microsoft.us",
		"https://dod-graph.microsoft.us", "https://microsoftgraph.chinacloudapi.cn",
	} {
		form := g.form()
		form.Set("scope", root+"/.default")
		r := g.post(tokenPath, form)
		token, ok := r.json()["access_token"].(string)
		if !ok {
			t.Errorf("%s: %d %s", root, r.status, r.body)
			continue
		}
		g.send(request{method: "GET", path: phones(adaID), header: map[string]string{"Authorization": "Bearer " + token}}).wants(200, "")
	}
}
