package graph

import (
	"context"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/golang-jwt/jwt/v5"
)

// Permissions returns the application permissions that the token carries, sorted:
// what administrators consented to when it was issued. It asks Graph nothing; the
// token is the one that the calls use. The error is an *Error.
//
// Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
func (c *Client) Permissions(ctx context.Context) ([]string, error) {
	token, err := c.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: c.scopes, EnableCAE: true})
	if err != nil {
		return nil, classify("read the token", outcome{err: err})
	}
	var claims struct {
		jwt.RegisteredClaims
		Roles []string `json:"roles"`
	}
	// Graph verifies the token; here it is only read.
	if _, _, err := jwt.NewParser().ParseUnverified(token.Token, &claims); err != nil {
		return nil, &Error{Kind: Unavailable, Op: "read the token", Cause: "the token is not one that can be read"}
	}
	slices.Sort(claims.Roles)
	return slices.Compact(claims.Roles), nil
}
