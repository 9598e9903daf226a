package emulator

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// identity answers the paths of the identity platform: /{tenant}/...
func (e *Emulator) identity(c *call) answer {
	name, rest, _ := strings.Cut(strings.TrimPrefix(c.path, "/"), "/")
	want := http.MethodGet
	var serve func(*call, string) (answer, error)
	switch rest {
	case "oauth2/v2.0/token":
		want, serve = http.MethodPost, e.issueToken
	case "v2.0/.well-known/openid-configuration":
		serve = e.discovery
	case "discovery/v2.0/keys":
		serve = func(*call, string) (answer, error) { return okJSON(keySet()), nil }
	case "discovery/instance":
		serve = e.instanceDiscovery
	default:
		return c.refusal(errRequest("Invalid version.")) // no path of the identity platform, nor of a Graph there is
	}
	if c.method != want {
		return answer{status: http.StatusMethodNotAllowed, header: http.Header{"Allow": {want}}, text: "method not allowed"}
	}
	a, err := serve(c, name)
	if err != nil {
		return c.identityRefusal(err)
	}
	a.header = http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	return a
}

// discovery answers the OpenID configuration of a tenant.
// https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
func (e *Emulator) discovery(c *call, name string) (answer, error) {
	id := "{tenantid}"
	if !isMultiTenant(name) {
		t, err := e.signInTenant(name)
		if err != nil {
			return answer{}, err
		}
		id = t
	}
	authority := c.base + "/" + name
	return okJSON(map[string]any{
		"issuer":                                c.issuer(id),
		"token_endpoint":                        authority + "/oauth2/v2.0/token",
		"authorization_endpoint":                authority + "/oauth2/v2.0/authorize",
		"jwks_uri":                              authority + "/discovery/v2.0/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"pairwise"},
		"scopes_supported":                      []string{"openid"},
		"claims_supported":                      []string{"sub", "iss", "aud", "exp", "iat", "tid"},
		"cloud_instance_name":                   c.origin.Host,
		"msgraph_host":                          c.origin.Host,
	}), nil
}

// instanceDiscovery tells a client that this host is an authority of its own.
func (e *Emulator) instanceDiscovery(c *call, _ string) (answer, error) {
	return okJSON(map[string]any{
		"api-version":               "1.1",
		"tenant_discovery_endpoint": c.base + "/common/v2.0/.well-known/openid-configuration",
		"metadata": []any{map[string]any{
			"preferred_network": c.origin.Host, "preferred_cache": c.origin.Host, "aliases": []string{c.origin.Host},
		}},
	}), nil
}

func (c *call) issuer(tenantID string) string { return c.base + "/" + tenantID + "/v2.0" }

func isMultiTenant(name string) bool {
	return name == "common" || name == "organizations" || name == "consumers"
}

// signInTenant gives the id of the tenant an authority names.
func (e *Emulator) signInTenant(name string) (string, error) {
	if isMultiTenant(name) {
		return "", identityError{400, "invalid_request", 50059, "No tenant-identifying information found in either the request or implied by any provided credentials."}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.tenantNamed(name)
	if t == nil {
		return "", identityError{400, "invalid_request", 90002, fmt.Sprintf("Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", name)}
	}
	return t.ID, nil
}

// identityError is a refusal by the identity platform.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
type identityError struct {
	status  int
	code    string // of OAuth
	number  int    // AADSTS...
	message string
}

func (i identityError) Error() string { return fmt.Sprintf("AADSTS%d: %s", i.number, i.message) }

func (c *call) identityRefusal(err error) answer {
	i, known := errors.AsType[identityError](err)
	if !known {
		i = identityError{http.StatusInternalServerError, "server_error", 90000, "The emulator failed."}
	}
	stamp := c.clock.UTC().Format("2006-01-02 15:04:05Z")
	return answer{
		status: i.status,
		header: http.Header{"Content-Type": {"application/json; charset=utf-8"}},
		body: map[string]any{
			"error":             i.code,
			"error_description": fmt.Sprintf("%s Trace ID: %s Correlation ID: %s Timestamp: %s", i.Error(), c.requestID, c.clientID, stamp),
			"error_codes":       []int{i.number},
			"timestamp":         stamp,
			"trace_id":          c.requestID,
			"correlation_id":    c.clientID,
			"error_uri":         fmt.Sprintf("%s/error?code=%d", c.base, i.number),
		},
	}
}
