package emulator

import (
	"encoding/base64"
	"strings"

	"github.com/google/uuid"
)

// listRoleAssignments answers GET /roleManagement/directory/roleAssignments. An
// assignment to a group names the group; its members do not show.
// https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments
func (e *Emulator) listRoleAssignments(c *call) (answer, error) {
	rows, err := c.roleRows(func(p principal) []Role { return p.roles }, func(p principal, r Role) map[string]any {
		return map[string]any{
			"id": assignmentID(p, r) + "-1", "principalId": p.id, "roleDefinitionId": r.TemplateID,
			"directoryScopeId": r.scope(), "resourceScope": r.scope(),
		}
	})
	if err != nil {
		return answer{}, err
	}
	return e.page(c, c.base+"/"+c.version+"/$metadata#roleManagement/directory/roleAssignments", rows)
}

// listRoleEligibility answers GET .../roleEligibilityScheduleInstances: the roles
// that somebody may activate.
// https://learn.microsoft.com/graph/api/rbacapplication-list-roleeligibilityscheduleinstances
func (e *Emulator) listRoleEligibility(c *call) (answer, error) {
	if c.tenant.WithoutP2 {
		return answer{}, errNoPremium()
	}
	rows, err := c.roleRows(func(p principal) []Role { return p.eligible }, func(p principal, r Role) map[string]any {
		return map[string]any{
			"id": assignmentID(p, r) + "-1-e", "principalId": p.id, "roleDefinitionId": r.TemplateID,
			"directoryScopeId": r.scope(), "appScopeId": nil, "startDateTime": eligibleSince, "endDateTime": nil, "memberType": "Direct",
			"roleEligibilityScheduleId": uuid.NewSHA1(uuid.NameSpaceOID, []byte(p.id+"/"+r.TemplateID+"/"+r.scope())).String(),
		}
	})
	if err != nil {
		return answer{}, err
	}
	return e.page(c, c.base+"/"+c.version+"/$metadata#roleManagement/directory/roleEligibilityScheduleInstances", rows)
}

// eligibleSince is since when everybody may activate what they may.
const eligibleSince = "2026-01-05T08:00:00Z"

// principal is a user or a group as the holder of roles.
type principal struct {
	id              string
	roles, eligible []Role
}

// roleRows gives one row for each role of the principal that the filter names.
func (c *call) roleRows(of func(principal) []Role, row func(principal, Role) map[string]any) ([]map[string]any, error) {
	filter, err := c.options.filter("principalId")
	if err != nil {
		return nil, err
	}
	if filter == nil {
		return nil, errQuery("The list is served with a filter only.") // Graph would give it whole
	}
	names, err := c.options.selected([]string{
		"id", "principalId", "roleDefinitionId", "directoryScopeId", "appScopeId", "memberType", "startDateTime", "endDateTime",
	})
	if err != nil {
		return nil, err
	}
	var rows []map[string]any
	p := c.tenant.principal(strings.ToLower(filter.value))
	for _, r := range of(p) {
		rows = append(rows, pick(row(p, r), names))
	}
	return rows, nil
}

// principal gives a user or a group; one that is neither holds no roles.
func (t *tenant) principal(id string) principal {
	if u, ok := t.users[id]; ok {
		return principal{id, u.Roles, u.EligibleRoles}
	}
	g := t.groups[id]
	return principal{id, g.Roles, g.EligibleRoles}
}

func assignmentID(p principal, r Role) string {
	id := uuid.NewSHA1(uuid.NameSpaceURL, []byte(p.id+"/"+r.TemplateID+"/"+r.scope()))
	return base64.RawURLEncoding.EncodeToString(id[:])
}
