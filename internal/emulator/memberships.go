package emulator

import (
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

const (
	groupType = "microsoft.graph.group"
	roleType  = "microsoft.graph.directoryRole"
	unitType  = "microsoft.graph.administrativeUnit"
)

// membershipProperties are what $select may name of groups and directory roles.
var membershipProperties = []string{
	"id", "displayName", "description", "deletedDateTime", "roleTemplateId", "isAssignableToRole", "securityEnabled", "mailEnabled",
}

// listMemberships answers GET /users/{key}/transitiveMemberOf, whole or cast to
// one type. A cast is an advanced query.
// https://learn.microsoft.com/graph/api/user-list-transitivememberof
func (e *Emulator) listMemberships(c *call) (answer, error) { return e.listObjects(c, c.memberships) }

// listObjects answers a list of directory objects, whole or cast to one type.
func (e *Emulator) listObjects(c *call, of func(kind string) ([]map[string]any, error)) (answer, error) {
	if err := c.options.only("$select", "$top", "$count", "$skiptoken"); err != nil {
		return answer{}, err
	}
	names, err := c.options.selected(membershipProperties)
	if err != nil {
		return answer{}, err
	}
	kind, err := c.cast()
	if err != nil {
		return answer{}, err
	}
	if kind != "" && c.options["$count"] != "true" {
		return answer{}, errAdvancedQuery()
	}
	if err := c.eventualIf(kind != "" || c.options["$count"] != ""); err != nil {
		return answer{}, err
	}
	rows, err := of(kind)
	if err != nil {
		return answer{}, err
	}
	for i := range rows {
		rows[i] = pick(rows[i], names)
	}
	return e.page(c, c.base+"/"+c.version+"/$metadata#"+membershipSet(kind), rows)
}

func membershipSet(kind string) string {
	switch kind {
	case groupType:
		return "groups"
	case roleType:
		return "directoryRoles"
	case unitType:
		return "directory/administrativeUnits"
	default:
		return "directoryObjects"
	}
}

// countMemberships answers GET /users/{key}/transitiveMemberOf[/{type}]/$count.
func (e *Emulator) countMemberships(c *call) (answer, error) { return countObjects(c, c.memberships) }

func countObjects(c *call, of func(kind string) ([]map[string]any, error)) (answer, error) {
	if err := c.options.only(); err != nil {
		return answer{}, err
	}
	kind, err := c.cast()
	if err != nil {
		return answer{}, err
	}
	if err := c.eventualIf(true); err != nil {
		return answer{}, err
	}
	rows, err := of(kind)
	if err != nil {
		return answer{}, err
	}
	return okText(strconv.Itoa(len(rows))), nil
}

// cast reads the type a path is cast to, "" for none.
func (c *call) cast() (string, error) {
	if len(c.parts) < 4 || c.parts[3].text == "$count" {
		return "", nil
	}
	kind := c.parts[3].text
	if c.parts[3].quoted || !slices.Contains([]string{groupType, roleType, unitType}, kind) {
		return "", errRequest("Resource not found for the segment.")
	}
	return kind, nil
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
func (c *call) memberships(kind string) ([]map[string]any, error) {
	u, err := c.directoryUser()
	if err != nil {
		return nil, err
	}
	groups := c.tenant.groupsOf(u)
	roles := slices.Clone(u.Roles)
	rows := []map[string]any{}
	for _, g := range groups {
		if c.tenant.ListsGroupRoles {
			roles = append(roles, g.Roles...)
		}
		if kind == "" || kind == groupType {
			rows = append(rows, c.group(g))
		}
	}
	seen := map[string]bool{}
	for _, r := range roles {
		if seen[r.TemplateID] || r.Custom || r.scope() != "/" || (kind != "" && kind != roleType) {
			continue
		}
		seen[r.TemplateID] = true
		rows = append(rows, c.limited(readDirectoryRoles, map[string]any{
			"@odata.type": "#" + roleType, "id": c.tenant.roleID(r), "deletedDateTime": nil,
			"displayName": r.DisplayName, "description": r.DisplayName, "roleTemplateId": r.TemplateID,
		}))
	}
	return rows, nil
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
