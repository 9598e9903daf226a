package emulator

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// graphAppID is Graph's own application id, the same in every tenant.
const graphAppID = "00000003-0000-0000-c000-000000000000"

// authenticate checks the bearer token as the resource: signature, time, audience
// and tenant. What the token may do is each operation's question.
func (e *Emulator) authenticate(c *call) error {
	scheme, raw, _ := strings.Cut(c.header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(raw) == "" {
		return errToken(c, "Access token is empty.")
	}
	var said claims
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(e.clock))
	_, err := parser.ParseWithClaims(strings.TrimSpace(raw), &said, func(*jwt.Token) (any, error) { return &signingKey().PublicKey, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return errTokenExpired(c)
	case errors.Is(err, jwt.ErrTokenMalformed):
		return errToken(c, "CompactToken parsing failed with error code: 80049217")
	case err != nil:
		return errToken(c, "Access token validation failure.")
	}
	if len(said.Audience) != 1 || !e.isRoot(c.base, said.Audience[0]) {
		return errToken(c, "Access token validation failure. Invalid audience.")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.tenants[said.Tenant]
	if t == nil {
		return errToken(c, "Access token validation failure.")
	}
	if _, registered := t.apps[said.App]; !registered {
		return errToken(c, "Access token validation failure.")
	}
	c.token, c.tenant = &said, t
	c.seen.Tenant, c.seen.App = said.Tenant, said.App
	return nil
}

// errToken is the refusal of a token that is missing or wrong.
func errToken(c *call, why string) error {
	return &graphError{
		status: http.StatusUnauthorized, code: "InvalidAuthenticationToken", message: why,
		header: http.Header{"Www-Authenticate": {c.bearer("")}},
	}
}

func errTokenExpired(c *call) error {
	return errToken(c, "Lifetime validation failed, the token is expired.")
}

// bearer is the challenge of every 401, with more at its end.
func (c *call) bearer(more string) string {
	return fmt.Sprintf(`Bearer realm="", authorization_uri="%s/common/oauth2/authorize", client_id="%s"%s`, c.base, graphAppID, more)
}

// challenge is continuous access evaluation at work: the token is good, but Graph
// wants one made with these claims. Only clients that declared cp1 can understand
// it; for others the token is just no longer valid.
// https://learn.microsoft.com/entra/identity-platform/claims-challenge
func (e *Emulator) challenge(c *call) error {
	if c.token == nil {
		if err := e.authenticate(c); err != nil {
			return err
		}
	}
	if !understandsChallenges(c.token.Capabilities) {
		return errTokenExpired(c)
	}
	want := fmt.Sprintf(`{"access_token":{"nbf":{"essential":true,"value":"%d"}}}`, c.clock.Unix())
	more := fmt.Sprintf(`, error="insufficient_claims", claims="%s"`, base64.StdEncoding.EncodeToString([]byte(want)))
	return &graphError{
		status: http.StatusUnauthorized, code: "InvalidAuthenticationToken",
		message: "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp",
		header:  http.Header{"Www-Authenticate": {c.bearer(more)}},
	}
}
