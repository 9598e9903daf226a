package emulator

import (
	"crypto/subtle"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// checkAssertion checks a signed proof: the app's own, by certificate, or that of
// another issuer, by federation.
// https://learn.microsoft.com/entra/identity-platform/certificate-credentials
func (a App) checkAssertion(c *call, form url.Values) error {
	if form.Get("client_assertion_type") != assertionType {
		return identityError{400, "invalid_request", 900144, "The request body must contain the following parameter: 'client_assertion_type'."}
	}
	raw := form.Get("client_assertion")
	var claimed jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(raw, &claimed); err != nil {
		return identityError{400, "invalid_request", 50027, "JWT token is invalid or malformed."}
	}
	if strings.EqualFold(claimed.Issuer, a.ClientID) {
		return a.checkOwnAssertion(c, raw, claimed)
	}
	return a.checkFederated(c, raw, claimed)
}

// checkOwnAssertion checks a proof that the app signed with its certificate's key.
func (a App) checkOwnAssertion(c *call, raw string, claimed jwt.RegisteredClaims) error {
	if a.certificate == nil {
		return identityError{401, "invalid_client", 700027, "The certificate with identifier used to sign the client assertion is not registered on application."}
	}
	if claimed.Subject != claimed.Issuer {
		return identityError{401, "invalid_client", 700021, "Client assertion application identifier doesn't match 'client_id' parameter."}
	}
	parser := jwt.NewParser(jwt.WithoutClaimsValidation(), jwt.WithValidMethods([]string{"RS256", "PS256"}))
	_, err := parser.ParseWithClaims(raw, &jwt.RegisteredClaims{}, func(*jwt.Token) (any, error) { return a.certificate.PublicKey, nil })
	if err != nil {
		return identityError{401, "invalid_client", 700027, "Client assertion failed signature validation."}
	}
	if !c.isFresh(claimed) || c.clock.After(a.certificate.NotAfter) {
		return identityError{401, "invalid_client", 700024, "Client assertion is not within its valid time range."}
	}
	if !c.isTokenEndpoint(claimed.Audience) {
		return identityError{401, "invalid_client", 700023, "Client assertion audience claim does not match Realm issuer."}
	}
	return nil
}

// isFresh wants an end, not passed, and no beginning in the future. Clocks may
// differ by five minutes.
func (c *call) isFresh(r jwt.RegisteredClaims) bool {
	const skew = 5 * time.Minute
	return r.ExpiresAt != nil && c.clock.Before(r.ExpiresAt.Add(skew)) &&
		(r.NotBefore == nil || !c.clock.Add(skew).Before(r.NotBefore.Time))
}

// isTokenEndpoint reports whether an assertion was made for this authority.
func (c *call) isTokenEndpoint(audience jwt.ClaimStrings) bool {
	return len(audience) == 1 && audience[0] == c.base+c.path
}

// checkFederated checks another issuer's token against the app's federated
// credentials, naming what does not match as the platform does.
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation
func (a App) checkFederated(c *call, raw string, claimed jwt.RegisteredClaims) error {
	var issuer, subject bool
	for _, f := range a.Federated {
		if f.Issuer != claimed.Issuer {
			continue
		}
		issuer = true
		if subtle.ConstantTimeCompare([]byte(f.Subject), []byte(claimed.Subject)) == 0 {
			continue
		}
		subject = true
		if len(claimed.Audience) == 1 && claimed.Audience[0] == f.Audience {
			return c.checkFederatedProof(raw, f, claimed)
		}
	}
	switch {
	case subject:
		return identityError{401, "invalid_client", 700212, "No matching federated identity record found for presented assertion audience."}
	case issuer:
		return identityError{401, "invalid_client", 700213, "No matching federated identity record found for presented assertion subject."}
	default:
		return identityError{401, "invalid_client", 700211, "No matching federated identity record found for presented assertion issuer."}
	}
}

func (c *call) checkFederatedProof(raw string, f Federation, claimed jwt.RegisteredClaims) error {
	parser := jwt.NewParser(jwt.WithoutClaimsValidation(), jwt.WithValidMethods([]string{"RS256", "ES256"}))
	if _, err := parser.ParseWithClaims(raw, &jwt.RegisteredClaims{}, func(*jwt.Token) (any, error) { return f.key, nil }); err != nil {
		return identityError{401, "invalid_client", 5000811, "Unable to verify token signature."}
	}
	if !c.isFresh(claimed) {
		return identityError{401, "invalid_client", 700024, "Client assertion is not within its valid time range."}
	}
	return nil
}
