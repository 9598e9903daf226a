package graph

import (
	"context"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/golang-jwt/jwt/v5"
)

// opening is what opens a call to an application: any one of these permissions. The
// first is the least, or the one to ask for. A refusal although the token carries one
// of them has another reason than a permission.
type opening []string

// The openings of all calls. This is the only table of permissions.
//
//   - Microsoft's page has no application permission for the objects that a user owns;
//     User.Read.All was seen to do.
//   - RoleManagement.Read.All does not open the roles that a user may activate to an
//     application, whatever the page of the call says.
//
// Sources: https://learn.microsoft.com/graph/permissions-reference and the pages of the calls,
// https://github.com/pnp/pnpcore/issues/1630,
// https://github.com/microsoftgraph/microsoft-graph-docs/issues/17653
var (
	readPhones = opening{
		"UserAuthMethod-Phone.Read.All", "UserAuthMethod-Phone.ReadWrite.All",
		"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All",
	}
	writePhones = opening{"UserAuthMethod-Phone.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}
	readUsers   = opening{
		"User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
	}
	readMemberships = opening{
		"GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All",
		"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
	}
	readGroups = opening{
		"GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All",
		"Directory.Read.All", "Directory.ReadWrite.All",
	}
	readOwned       = opening{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readAssignments = opening{
		"RoleManagement.Read.Directory", "RoleManagement.Read.All", "RoleManagement.ReadWrite.Directory",
		"Directory.Read.All", "Directory.ReadWrite.All",
	}
	readEligibility = opening{
		"RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory",
		"RoleEligibilitySchedule.Read.Directory", "RoleEligibilitySchedule.ReadWrite.Directory",
	}
	readGroupEligibility = opening{
		"PrivilegedEligibilitySchedule.Read.AzureADGroup", "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
		"PrivilegedAccess.Read.AzureADGroup", "PrivilegedAccess.ReadWrite.AzureADGroup",
	}
)

// least is the permission to ask for.
func (o opening) least() string { return o[0] }

// openTo reports whether an application with these permissions may make the call.
func (o opening) openTo(has []string) bool {
	return slices.ContainsFunc(o, func(p string) bool { return slices.Contains(has, p) })
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
