package graph

import (
	"context"
	"net/http"
	"net/url"
)

const opProtection = "list privileges"

// question is one call about one user.
type question struct {
	// view is "" of a question that must be answered.
	view View
	// path is below the version; {user} stands for the object id.
	path string
	// opens are the application permissions of which any one opens it. The first is the
	// least, or the one to ask for.
	opens []string
	// unsure: what opens it is not published, so that it is asked whatever the token has.
	unsure bool
	rows   func(context.Context, *Client, call) ([]Privilege, error)
}

// What the questions need at least.
const (
	readGroups = "GroupMember.Read.All"
	readRoles  = "RoleManagement.Read.Directory"
)

// questions are all of them; their order is that of the result.
//
//   - transitiveMemberOf gives the built-in roles over the whole tenant and the
//     role-assignable groups. Custom roles, roles over a part of the tenant and, as some
//     report, roles that come through a group are not among them: so each role-assignable
//     group counts, whatever it holds. It is read without a cast to roles, which is
//     reported to fail for whoever is in a group.
//   - ownedObjects gives the role-assignable groups that the user owns. Microsoft's page
//     has no application permission for it; User.Read.All was seen to do.
//   - roleAssignments gives the user's own roles of every scope, custom ones too.
//   - the two collections of PIM give what the user may activate.
//
// Sources: https://learn.microsoft.com/graph/api/user-list-transitivememberof,
// https://learn.microsoft.com/graph/api/user-list-ownedobjects,
// https://github.com/pnp/pnpcore/issues/1630,
// https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments,
// https://learn.microsoft.com/graph/api/rbacapplication-list-roleeligibilityscheduleinstances,
// https://learn.microsoft.com/graph/api/privilegedaccessgroup-list-eligibilityscheduleinstances
var questions = []question{
	{
		path: "users/{user}/transitiveMemberOf",
		opens: []string{
			readGroups, "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All",
			"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
		},
		rows: objects(MemberOfRoleGroup),
	},
	{
		view:   OwnedGroups,
		path:   "users/{user}/ownedObjects",
		opens:  []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
		unsure: true,
		rows:   objects(OwnerOfRoleGroup),
	},
	{
		path: "roleManagement/directory/roleAssignments?$filter=" + ofPrincipal,
		opens: []string{
			"RoleManagement.Read.Directory", "RoleManagement.Read.All", "RoleManagement.ReadWrite.Directory",
			"Directory.Read.All", "Directory.ReadWrite.All",
		},
		rows: roles(HoldsRole),
	},
	{
		view: EligibleRoles,
		path: "roleManagement/directory/roleEligibilityScheduleInstances?$filter=" + ofPrincipal,
		opens: []string{
			"RoleManagement.Read.Directory", "RoleManagement.Read.All", "RoleManagement.ReadWrite.Directory",
			"RoleEligibilitySchedule.Read.Directory", "RoleEligibilitySchedule.ReadWrite.Directory",
		},
		rows: roles(MayActivateRole),
	},
	{
		view: EligibleGroups,
		path: "identityGovernance/privilegedAccess/group/eligibilityScheduleInstances?$filter=" + ofPrincipal,
		opens: []string{
			"PrivilegedEligibilitySchedule.Read.AzureADGroup", "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
			"PrivilegedAccess.Read.AzureADGroup", "PrivilegedAccess.ReadWrite.AzureADGroup",
		},
		rows: eligibleGroups,
	},
}

// PermissionFor returns the least application permission that opens a view.
func PermissionFor(v View) string {
	for _, q := range questions {
		if q.view == v {
			return q.opens[0]
		}
	}
	return ""
}

var ofPrincipal = url.PathEscape("principalId eq '") + "{user}" + url.PathEscape("'")

func get(path string, needs string) call {
	return call{op: opProtection, method: http.MethodGet, path: path, needs: needs}
}
