package emulator

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// Lifetimes of access tokens: the usual one, and the long one of clients that can
// be told to come back by a claims challenge.
const (
	tokenLife     = time.Hour
	longTokenLife = 24 * time.Hour
)

// claims are what a token says.
type claims struct {
	jwt.RegisteredClaims
	App          string   `json:"appid"`
	Tenant       string   `json:"tid"`
	Roles        []string `json:"roles,omitempty"`
	Capabilities []string `json:"xms_cc,omitempty"`
	Kind         string   `json:"idtyp"`
	Version      string   `json:"ver"`
}

// issueToken answers POST /{tenant}/oauth2/v2.0/token for client credentials.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
func (e *Emulator) issueToken(c *call, name string) (answer, error) {
	form, err := c.tokenForm()
	if err != nil {
		return answer{}, err
	}
	c.seen.App = strings.ToLower(form.Get("client_id"))
	tenantID, err := e.signInTenant(name)
	if err != nil {
		return answer{}, err
	}
	c.seen.Tenant = tenantID
	app, err := e.signIn(c, tenantID, name, form)
	if err != nil {
		return answer{}, err
	}
	root, err := e.resource(c, form.Get("scope"))
	if err != nil {
		return answer{}, err
	}
	capabilities, err := declared(form.Get("claims"))
	if err != nil {
		return answer{}, err
	}
	life := tokenLife
	if understandsChallenges(capabilities) {
		life = longTokenLife
	}
	signed, err := c.sign(app, root, capabilities, life)
	if err != nil {
		return answer{}, err
	}
	return okJSON(map[string]any{
		"token_type": "Bearer", "access_token": signed,
		"expires_in": int(life / time.Second), "ext_expires_in": int(life / time.Second),
	}), nil
}

// tokenForm reads the form.
func (c *call) tokenForm() (url.Values, error) {
	missing := identityError{400, "invalid_request", 900144, "The request body must contain the following parameter: 'grant_type'."}
	if c.unreadable != nil {
		return nil, missing
	}
	media, _, err := mime.ParseMediaType(c.header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, missing
	}
	form, err := url.ParseQuery(string(c.body))
	if err != nil || form.Get("grant_type") == "" {
		return nil, missing
	}
	if form.Get("grant_type") != "client_credentials" {
		return nil, identityError{400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."}
	}
	if form.Get("client_id") == "" {
		return nil, identityError{400, "invalid_request", 900144, "The request body must contain the following parameter: 'client_id'."}
	}
	return form, nil
}

// signIn finds the app and checks its proof.
func (e *Emulator) signIn(c *call, tenantID, name string, form url.Values) (App, error) {
	e.mu.Lock()
	app, known := App{}, false
	if t := e.tenants[tenantID]; t != nil {
		app, known = t.apps[strings.ToLower(form.Get("client_id"))]
	}
	e.mu.Unlock()
	if !known {
		return App{}, identityError{400, "unauthorized_client", 700016, fmt.Sprintf("Application with identifier '%s' was not found in the directory '%s'.", form.Get("client_id"), name)}
	}
	switch {
	case form.Has("client_assertion"):
		return app, app.checkAssertion(c, form)
	case form.Has("client_secret"):
		if app.Secret == "" || form.Get("client_secret") != app.Secret {
			return App{}, identityError{401, "invalid_client", 7000215, fmt.Sprintf("Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", app.ClientID)}
		}
		return app, nil
	default:
		return App{}, identityError{401, "invalid_client", 7000216, "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."}
	}
}

// resource reads the scope: this server's root and /.default, nothing else.
func (e *Emulator) resource(c *call, scope string) (string, error) {
	if scope == "" {
		return "", identityError{400, "invalid_request", 900144, "The request body must contain the following parameter: 'scope'."}
	}
	// Libraries add OpenID's own scopes; they mean nothing here.
	fields := slices.DeleteFunc(strings.Fields(scope), func(s string) bool {
		return s == "openid" || s == "profile" || s == "offline_access"
	})
	if len(fields) != 1 || !strings.HasSuffix(fields[0], "/.default") {
		return "", identityError{400, "invalid_scope", 70011, fmt.Sprintf("The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope %s is not valid.", scope)}
	}
	root := strings.TrimSuffix(fields[0], "/.default")
	if !e.isRoot(c.base, root) {
		return "", identityError{400, "invalid_resource", 500011, fmt.Sprintf("The resource principal named %s was not found in the tenant.", root)}
	}
	return strings.TrimSuffix(root, "/"), nil
}

// declared reads the capabilities of a claims parameter.
func declared(raw string) ([]string, error) {
	if raw == "" {
		return nil, nil
	}
	var request struct {
		AccessToken map[string]json.RawMessage `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(raw), &request); err != nil {
		return nil, identityError{400, "invalid_request", 900014, "The 'claims' parameter is not valid."}
	}
	var capabilities struct {
		Values []string `json:"values"`
	}
	if value, found := request.AccessToken["xms_cc"]; found {
		if err := json.Unmarshal(value, &capabilities); err != nil {
			return nil, identityError{400, "invalid_request", 900014, "The 'claims' parameter is not valid."}
		}
	}
	return capabilities.Values, nil
}

// understandsChallenges looks for cp1, which libraries write in either case.
func understandsChallenges(capabilities []string) bool {
	return slices.ContainsFunc(capabilities, func(c string) bool { return strings.EqualFold(c, "cp1") })
}

// sign makes the access token.
func (c *call) sign(app App, root string, capabilities []string, life time.Duration) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: c.issuer(app.TenantID), Subject: app.ClientID, Audience: jwt.ClaimStrings{root}, ID: uuid.NewString(),
			IssuedAt: jwt.NewNumericDate(c.clock), NotBefore: jwt.NewNumericDate(c.clock.Add(-5 * time.Minute)),
			ExpiresAt: jwt.NewNumericDate(c.clock.Add(life)),
		},
		App: app.ClientID, Tenant: app.TenantID, Roles: app.Roles, Capabilities: capabilities, Kind: "app", Version: "1.0",
	})
	token.Header["kid"] = keyID()
	token.Header["x5t"] = keyID()
	signed, err := token.SignedString(signingKey())
	if err != nil {
		return "", identityError{http.StatusInternalServerError, "server_error", 90000, "The token could not be signed."}
	}
	return signed, nil
}
