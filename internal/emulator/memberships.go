package emulator

import (
	"slices"
	"strings"

	"github.com/google/uuid"
)

const (
	groupType = "microsoft.graph.group"
	roleType  = "microsoft.graph.directoryRole"
)

// membershipProperties are what $select may name of groups and directory roles.
var membershipProperties = []string{
	"id", "displayName", "description", "deletedDateTime", "roleTemplateId", "isAssignableToRole", "securityEnabled", "mailEnabled",
}

// listMemberships answers GET /users/{key}/transitiveMemberOf.
// https://learn.microsoft.com/graph/api/user-list-transitivememberof
func (e *Emulator) listMemberships(c *call) (answer, error) { return e.listObjects(c, c.memberships) }

// listObjects answers a list of the directory objects of a user.
func (e *Emulator) listObjects(c *call, of func(*user) []map[string]any) (answer, error) {
	names, err := c.options.selected(membershipProperties)
	if err != nil {
		return answer{}, err
	}
	u, err := c.directoryUser()
	if err != nil {
		return answer{}, err
	}
	rows := of(u)
	for i := range rows {
		rows[i] = pick(rows[i], names)
	}
	return e.page(c, c.base+"/"+c.version+"/$metadata#directoryObjects", rows)
}

// eventualIf wants the header that advanced queries need.
// https://learn.microsoft.com/graph/aad-advanced-queries
func (c *call) eventualIf(advanced bool) error {
	if advanced && !strings.EqualFold(c.header.Get("ConsistencyLevel"), "eventual") {
		return errAdvancedQuery()
	}
	return nil
}

// memberships gives the JSON of the user's groups and directory roles. Custom roles
// and roles over a part of the tenant are none of them. Of a type that the caller may
// not read, only type and id show.
func (c *call) memberships(u *user) []map[string]any {
	roles := slices.Clone(u.Roles)
	var rows []map[string]any
	for _, g := range c.tenant.groupsOf(u) {
		if c.tenant.ListsGroupRoles {
			roles = append(roles, g.Roles...)
		}
		rows = append(rows, c.group(g))
	}
	seen := map[string]bool{}
	for _, r := range roles {
		if seen[r.TemplateID] || r.Custom || r.scope() != "/" {
			continue
		}
		seen[r.TemplateID] = true
		rows = append(rows, c.limited(readDirectoryRoles, map[string]any{
			"@odata.type": "#" + roleType, "id": c.tenant.roleID(r), "deletedDateTime": nil,
			"displayName": r.DisplayName, "description": r.DisplayName, "roleTemplateId": r.TemplateID,
		}))
	}
	return rows
}

func (c *call) limited(needs permissions, row map[string]any) map[string]any {
	if c.may(needs) {
		return row
	}
	return hide(row)
}

func hide(row map[string]any) map[string]any {
	for name := range row {
		if name != "@odata.type" && name != "id" {
			row[name] = nil
		}
	}
	return row
}

// groupsOf gives a user's groups with those they are nested in, each once.
func (t *tenant) groupsOf(u *user) []Group {
	var groups []Group
	queue := append([]string{t.everybody.ID}, u.Groups...)
	seen := map[string]bool{}
	for len(queue) > 0 {
		id := strings.ToLower(queue[0])
		queue = queue[1:]
		g, found := t.groups[id]
		if !found || seen[id] {
			continue
		}
		seen[id] = true
		groups = append(groups, g)
		queue = append(queue, g.MemberOf...)
	}
	return groups
}

// roleID is the object id of an activated role, which is not that of its template.
func (t *tenant) roleID(r Role) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(t.ID+"/"+r.TemplateID)).String()
}
