package graph

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// Role is a directory role that a user holds, or a group that may hold some.
type Role struct {
	// ID is the role definition's, which is the same in every tenant for a built-in role
	// (https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference).
	// It is "" of a group.
	ID string
	// Name is what the role or the group is called, or "" if Graph did not say.
	Name string
	// Via is the object id of the group, or "" of a role.
	Via string
	// Eligible says that the user does not hold the role but may activate it.
	Eligible bool
}

// memberBody is a group, directory role or administrative unit. Of a kind that the
// application may not read, Graph shows the id only and null for the rest. Of an
// ordinary group isAssignableToRole is null as well, as a rule, and seldom false: that
// it shows at all is told by its name, which every group has.
//
// Sources: https://learn.microsoft.com/graph/permissions-overview,
// https://learn.microsoft.com/graph/api/user-list-memberof,
// https://github.com/Microsoft365DSC/Microsoft365DSC/issues/5959
type memberBody struct {
	Kind               text  `json:"@odata.type"`
	ID                 text  `json:"id"`
	DisplayName        text  `json:"displayName"`
	RoleTemplateID     text  `json:"roleTemplateId"`
	IsAssignableToRole *bool `json:"isAssignableToRole"`
}

type assignmentBody struct {
	RoleDefinitionID text `json:"roleDefinitionId"`
}

// What the calls below need.
const (
	readGroups = "GroupMember.Read.All"
	readRoles  = "RoleManagement.Read.Directory"
)

// DirectoryRoles lists what makes a user an administrator, now or on demand. userID
// is the object id. It takes three calls, as no one call of v1.0 knows everything:
//
//   - transitiveMemberOf gives the built-in roles of the whole tenant, held directly
//     or through groups, and the role-assignable groups. Through these a user may hold
//     custom roles and roles over a part of the tenant, which the call does not show;
//     so each such group counts.
//   - roleAssignments gives the user's own roles of every sort.
//   - roleEligibilityScheduleInstances gives the roles that the user may activate,
//     where the application may see them and the tenant has the licence for them.
//
// What a row holds counts, whatever its type is called: a gateway may leave the types
// out. An application that may not see which groups are role-assignable is Forbidden.
// A Graph that says, twice at first, that it does not have one of the other two
// collections has nobody in it: that is no answer about the user, of whom the
// memberships tell. One that has answered before is believed no more.
//
// Sources: https://learn.microsoft.com/graph/api/user-list-transitivememberof,
// https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments,
// https://learn.microsoft.com/graph/api/rbacapplication-list-roleeligibilityscheduleinstances
func (c *Client) DirectoryRoles(ctx context.Context, userID string) ([]Role, error) {
	const op = "list directory roles"
	if !isGUID(userID) {
		return nil, noUser(op)
	}
	members, err := list[memberBody](ctx, c, call{
		op: op, method: http.MethodGet, needs: readGroups,
		path: "users/" + strings.ToLower(userID) + "/transitiveMemberOf",
	})
	if err != nil {
		return nil, err
	}
	assignments, err := c.assignments.rows(ctx, c, userID)
	if err != nil {
		return nil, err
	}
	eligible, err := c.eligibilities.rows(ctx, c, userID)
	if err != nil {
		return nil, err
	}

	var roles []Role
	known := map[string]bool{}
	for _, m := range members {
		switch {
		case m.Kind == "#microsoft.graph.directoryRole" || m.RoleTemplateID != "":
			id := strings.ToLower(string(m.RoleTemplateID))
			known[id] = true
			roles = append(roles, Role{ID: id, Name: string(m.DisplayName)})
		case m.IsAssignableToRole != nil && *m.IsAssignableToRole:
			roles = append(roles, Role{Name: string(m.DisplayName), Via: strings.ToLower(string(m.ID))})
		case m.IsAssignableToRole == nil && m.DisplayName == "" && (m.Kind == "#microsoft.graph.group" || m.Kind == ""):
			return nil, &Error{Kind: Forbidden, Op: op, Cause: "the user's groups do not show", Permission: readGroups}
		}
	}
	for _, a := range assignments {
		if id := strings.ToLower(string(a.RoleDefinitionID)); !known[id] {
			known[id] = true
			roles = append(roles, Role{ID: id})
		}
	}
	for _, a := range eligible {
		if id := strings.ToLower(string(a.RoleDefinitionID)); !known[id] {
			known[id] = true
			roles = append(roles, Role{ID: id, Eligible: true})
		}
	}
	return roles, nil
}

// roleRows lists what a collection of role management has of one user.
func (c *Client) roleRows(ctx context.Context, collection, userID string) ([]assignmentBody, error) {
	return list[assignmentBody](ctx, c, call{
		op: "list directory roles", method: http.MethodGet, needs: readRoles,
		path: "roleManagement/directory/" + collection + "?$filter=" +
			url.PathEscape("principalId eq '"+strings.ToLower(userID)+"'"),
	})
}
