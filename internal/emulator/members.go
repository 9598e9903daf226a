package emulator

import (
	"slices"
	"strings"
)

const userType = "microsoft.graph.user"

// listMembers answers GET /groups/{id}/transitiveMembers/microsoft.graph.user: a cast is an
// advanced query. Of users that the caller may not read, only type and id show.
// https://learn.microsoft.com/graph/api/group-list-transitivemembers
func (e *Emulator) listMembers(c *call) (answer, error) {
	names, err := c.options.selected(basicProperties)
	if err != nil {
		return answer{}, err
	}
	if c.options["$count"] != "true" {
		return answer{}, errAdvancedQuery()
	}
	key, err := c.parts[1].keyText()
	if err != nil {
		return answer{}, err
	}
	g, found := c.tenant.groups[strings.ToLower(key)]
	if !found {
		return answer{}, errGroupNotFound(key)
	}
	rows := []map[string]any{}
	for _, u := range c.tenant.sortedUsers() {
		if u.HiddenFor == 0 && slices.ContainsFunc(c.tenant.groupsOf(u), g.is) {
			rows = append(rows, c.member(u, names))
		}
	}
	return e.page(c, c.base+"/"+c.version+"/$metadata#users", rows)
}

func (g Group) is(other Group) bool { return strings.EqualFold(g.ID, other.ID) }

// member is the JSON of a user as a member of a group.
func (c *call) member(u *user, names []string) map[string]any {
	row := c.limited(readUsers, u.properties())
	if c.mayReadUsers() != nil {
		row = hide(row)
	}
	if names == nil {
		names = userDefaults
	}
	row = pick(row, names)
	row["@odata.type"] = "#" + userType
	return row
}
