package emulator

import (
	"slices"
	"strings"
)

const userType = "microsoft.graph.user"

// listMembers answers GET /groups/{id}/transitiveMembers, whole or cast to users. A cast is an
// advanced query. Of a type that the caller may not read, only type and id show.
// https://learn.microsoft.com/graph/api/group-list-transitivemembers
func (e *Emulator) listMembers(c *call) (answer, error) {
	if err := c.options.only("$select", "$top", "$count", "$skiptoken"); err != nil {
		return answer{}, err
	}
	names, err := c.options.selected(basicProperties)
	if err != nil {
		return answer{}, err
	}
	cast := len(c.parts) > 3
	switch {
	case cast && (c.parts[3].quoted || c.parts[3].text != userType):
		return answer{}, errQuery("The cast is not supported.")
	case cast && c.options["$count"] != "true":
		return answer{}, errAdvancedQuery()
	}
	if err := c.eventualIf(cast || c.options["$count"] != ""); err != nil {
		return answer{}, err
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
	context := c.base + "/" + c.version + "/$metadata#users"
	if !cast {
		context = c.base + "/" + c.version + "/$metadata#directoryObjects"
		for _, nested := range c.tenant.nestedIn(g) {
			rows = append(rows, pick(c.group(nested), names))
		}
	}
	return e.page(c, context, rows)
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

// nestedIn gives the groups that are in a group, directly or in others that are, by their ids.
func (t *tenant) nestedIn(g Group) []Group {
	var nested []Group
	for _, one := range t.groups {
		if !one.is(g) && slices.ContainsFunc(t.groupsOf(&user{User: User{Groups: []string{one.ID}}}), g.is) {
			nested = append(nested, one)
		}
	}
	slices.SortFunc(nested, func(a, b Group) int { return strings.Compare(a.ID, b.ID) })
	return nested
}
