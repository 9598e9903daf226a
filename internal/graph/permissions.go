package graph

import (
	"cmp"
	"context"
	"slices"
	"strings"

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
	readAudits    = opening{"AuditLog.Read.All"}
	readDirectory = opening{"Directory.Read.All", "Directory.ReadWrite.All"}

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

// Missing returns which application permissions are missing, each the least that would do: to find users and read
// their phones, to write phones if writes says so, and to see whom Entra protects if protects does.
func Missing(has []string, writes, protects bool) (missing []string) {
	needed := []opening{readUsers, readPhones}
	if writes {
		needed[1] = writePhones
	}
	if protects {
		for _, q := range questions {
			if q.view == "" {
				needed = append(needed, q.needs)
			}
		}
	}
	for _, o := range needed {
		if !o.openTo(has) {
			missing = append(missing, o.least())
		}
	}
	return missing
}

// rolesOf returns the application permissions that a token carries, sorted and without
// repetition. It reports whether the token can be read. Graph verifies a token; here
// it is only read.
//
// Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
func rolesOf(token string) (roles []string, readable bool) {
	said, err := claimsOf(token)
	if err != nil {
		return nil, false
	}
	slices.Sort(said.Roles)
	return slices.Compact(said.Roles), true
}

// claims are what is read of a token.
type claims struct {
	jwt.RegisteredClaims
	Roles []string `json:"roles"`
	App   string   `json:"appid"`
	Azp   string   `json:"azp"` // the same in tokens of version 2
}

func claimsOf(token string) (said claims, err error) {
	_, _, err = jwt.NewParser().ParseUnverified(token, &said)
	return said, err
}

// Permissions returns the application permissions that the token carries, sorted:
// what administrators consented to when it was issued. It asks Graph nothing; the
// token is the one that the calls use. The error is an *Error.
func (c *Client) Permissions(ctx context.Context) ([]string, error) {
	id, err := c.Identity(ctx)
	return id.Permissions, err
}

// Identity is what a token says of the application.
type Identity struct {
	// ClientID is in lower case; "" if the token does not tell.
	ClientID string
	// Permissions are the application permissions, sorted.
	Permissions []string
}

// Identity returns what the token says of the application, as Permissions does.
func (c *Client) Identity(ctx context.Context) (Identity, error) {
	const op = "read the token"
	token, err := c.tokens.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: c.tokens.scopes, EnableCAE: true})
	if err != nil {
		return Identity{}, classify(op, outcome{err: err})
	}
	said, err := claimsOf(token.Token)
	if err != nil {
		return Identity{}, &Error{Kind: Unavailable, Op: op, Cause: "the token is not one that can be read"}
	}
	roles, _ := rolesOf(token.Token)
	return Identity{ClientID: strings.ToLower(cmp.Or(said.App, said.Azp)), Permissions: roles}, nil
}
