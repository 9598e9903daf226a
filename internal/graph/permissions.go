package graph

import (
	"context"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/golang-jwt/jwt/v5"
)

// opens lists, for the least permission of a call, the other application permissions
// that open the call too. A refusal although the token carries one of them has
// another reason than a permission.
//
// Source: https://learn.microsoft.com/graph/permissions-reference and the pages of the calls
var opens = map[string][]string{
	readPhones: {
		"UserAuthMethod-Phone.ReadWrite.All", "UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All",
	},
	writePhones: {"UserAuthenticationMethod.ReadWrite.All"},
	readUsers:   {"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
	readGroups: {
		"GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All",
		"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
	},
	readRoles: {
		"RoleManagement.ReadWrite.Directory", "RoleManagement.Read.All", "Directory.Read.All", "Directory.ReadWrite.All",
	},
}

// permits reports whether an application with these permissions may make a call that
// needs the least permission given.
func permits(has []string, least string) bool {
	return slices.Contains(has, least) || slices.ContainsFunc(opens[least], func(p string) bool { return slices.Contains(has, p) })
}

// rolesOf returns the application permissions that a token carries, sorted and without
// repetition. It reports whether the token can be read. Graph verifies a token; here
// it is only read.
//
// Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
func rolesOf(token string) (roles []string, readable bool) {
	var claims struct {
		jwt.RegisteredClaims
		Roles []string `json:"roles"`
	}
	if _, _, err := jwt.NewParser().ParseUnverified(token, &claims); err != nil {
		return nil, false
	}
	slices.Sort(claims.Roles)
	return slices.Compact(claims.Roles), true
}

// Permissions returns the application permissions that the token carries, sorted:
// what administrators consented to when it was issued. It asks Graph nothing; the
// token is the one that the calls use. The error is an *Error.
func (c *Client) Permissions(ctx context.Context) ([]string, error) {
	const op = "read the token"
	token, err := c.tokens.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: c.tokens.scopes, EnableCAE: true})
	if err != nil {
		return nil, classify(op, outcome{err: err})
	}
	roles, readable := rolesOf(token.Token)
	if !readable {
		return nil, &Error{Kind: Unavailable, Op: op, Cause: "the token is not one that can be read"}
	}
	return roles, nil
}
