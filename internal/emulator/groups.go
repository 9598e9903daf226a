package emulator

import (
	"cmp"
	"strings"

	"github.com/google/uuid"
)

// group is the JSON of a group as a directory object. Of one that the caller may not
// read, only type and id show.
func (c *call) group(g Group) map[string]any {
	row := map[string]any{
		"@odata.type": "#" + groupType, "id": g.ID, "deletedDateTime": nil, "displayName": g.DisplayName,
		"isAssignableToRole": nil, "securityEnabled": true, "mailEnabled": false,
	}
	if g.IsAssignableToRole != nil {
		row["isAssignableToRole"] = *g.IsAssignableToRole
	}
	return c.limited(readGroups, row)
}

// getGroup answers GET /groups/{id}.
// https://learn.microsoft.com/graph/api/group-get
func (e *Emulator) getGroup(c *call) (answer, error) {
	names, err := c.options.selected(membershipProperties)
	if err != nil {
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
	row := pick(c.group(g), names)
	delete(row, "@odata.type")
	row["@odata.context"] = c.base + "/" + c.version + "/$metadata#groups/$entity"
	return okJSON(row), nil
}

// listOwned answers GET /users/{key}/ownedObjects. Of what can be owned there are groups
// only.
// https://learn.microsoft.com/graph/api/user-list-ownedobjects
func (e *Emulator) listOwned(c *call) (answer, error) {
	if c.assume(OwnedObjects).name != "groups" && !c.may(readFullUsers) {
		return answer{}, errDirectoryForbidden()
	}
	return e.listObjects(c, c.owned)
}

func (c *call) owned(u *user) []map[string]any {
	var rows []map[string]any
	for _, id := range u.OwnedGroups {
		if g, found := c.tenant.groups[strings.ToLower(id)]; found {
			rows = append(rows, c.group(g))
		}
	}
	return rows
}

// listGroupEligibility answers GET
// /identityGovernance/privilegedAccess/group/eligibilityScheduleInstances (PIM for
// Groups): the groups that somebody may join or own on demand.
// https://learn.microsoft.com/graph/api/privilegedaccessgroup-list-eligibilityscheduleinstances
func (e *Emulator) listGroupEligibility(c *call) (answer, error) {
	filter, err := c.options.filter("principalId")
	if err != nil {
		return answer{}, err
	}
	if filter == nil {
		return answer{}, errMissingFilter()
	}
	names, err := c.options.selected([]string{"id", "principalId", "groupId", "accessId", "memberType", "startDateTime", "endDateTime", "eligibilityScheduleId"})
	if err != nil {
		return answer{}, err
	}
	if c.tenant.WithoutP2 {
		return answer{}, errNoPremium()
	}
	var rows []map[string]any
	if u, found := c.tenant.users[strings.ToLower(filter.value)]; found {
		for _, g := range u.EligibleGroups {
			rows = append(rows, pick(g.row(u), names))
		}
	}
	return e.page(c, c.base+"/"+c.version+"/$metadata#identityGovernance/privilegedAccess/group/eligibilityScheduleInstances", rows)
}

func (g EligibleGroup) row(u *user) map[string]any {
	access := cmp.Or(g.Access, "member")
	schedule := uuid.NewSHA1(uuid.NameSpaceOID, []byte(u.ID+"/"+g.Group+"/"+access)).String()
	return map[string]any{
		"id": g.Group + "_" + access + "_" + schedule, "principalId": u.ID, "groupId": g.Group, "accessId": access,
		"memberType": "direct", "startDateTime": eligibleSince, "endDateTime": nil, "eligibilityScheduleId": g.Group + "_" + access + "_" + schedule,
	}
}
