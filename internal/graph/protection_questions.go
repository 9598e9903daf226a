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
	path  string
	needs opening
	// unsure: what opens it is not published, so that it is asked whatever the token has.
	unsure bool
	rows   func(context.Context, *Client, call) ([]Privilege, error)
}

// questions are all of them; their order is that of the result.
//
//   - transitiveMemberOf gives the built-in roles over the whole tenant and the
//     role-assignable groups. Custom roles, roles over a part of the tenant and, as some
//     report, roles that come through a group are not among them: so each role-assignable
//     group counts, whatever it holds. It is read without a cast to roles, which is
//     reported to fail for whoever is in a group.
//   - ownedObjects gives the role-assignable groups that the user owns.
//   - roleAssignments gives the user's own roles of every scope, custom ones too.
//   - the two collections of PIM give what the user may activate.
//
// Sources: https://learn.microsoft.com/graph/api/user-list-transitivememberof,
// https://learn.microsoft.com/graph/api/user-list-ownedobjects,
// https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments,
// https://learn.microsoft.com/graph/api/rbacapplication-list-roleeligibilityscheduleinstances,
// https://learn.microsoft.com/graph/api/privilegedaccessgroup-list-eligibilityscheduleinstances
var questions = []question{
	{path: "users/{user}/transitiveMemberOf", needs: readMemberships, rows: objects(MemberOfRoleGroup)},
	{view: OwnedGroups, path: "users/{user}/ownedObjects", needs: readOwned, unsure: true, rows: objects(OwnerOfRoleGroup)},
	{path: "roleManagement/directory/roleAssignments?$filter=" + ofPrincipal, needs: readAssignments, rows: roles(HoldsRole)},
	{
		view: EligibleRoles, path: "roleManagement/directory/roleEligibilityScheduleInstances?$filter=" + ofPrincipal,
		needs: readEligibility, rows: roles(MayActivateRole),
	},
	{
		view: EligibleGroups, path: "identityGovernance/privilegedAccess/group/eligibilityScheduleInstances?$filter=" + ofPrincipal,
		needs: readGroupEligibility, rows: eligibleGroups,
	},
}

// PermissionFor returns the least application permission that opens a view.
func PermissionFor(v View) string {
	for _, q := range questions {
		if q.view == v {
			return q.needs.least()
		}
	}
	return ""
}

var ofPrincipal = url.PathEscape("principalId eq '") + "{user}" + url.PathEscape("'")

func get(path string, needs opening) call {
	return call{op: opProtection, method: http.MethodGet, path: path, needs: needs}
}
