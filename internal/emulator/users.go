package emulator

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// userProperties are what $select may name of a user. The first group is the
// basic profile, all that User.ReadBasic.All shows as a rule: see ReadBasic.
var (
	basicProperties = []string{"id", "displayName", "givenName", "surname", "mail", "userPrincipalName"}
	userDefaults    = append([]string{"businessPhones", "jobTitle", "mobilePhone", "officeLocation", "preferredLanguage"}, basicProperties...)
	userProperties  = append([]string{"userType", "accountEnabled", "isManagementRestricted"}, userDefaults...)
)

// lookUp finds a user by object id or UPN, nil if there is none.
func (t *tenant) lookUp(key string) *user {
	if u, ok := t.users[strings.ToLower(key)]; ok {
		return u
	}
	return t.userByUPN(key)
}

// userByKey finds the user a request names. A new account stays unknown to as
// many requests as it is hidden for.
func (c *call) userByKey(key string) *user {
	u := c.tenant.lookUp(key)
	if u == nil {
		return nil
	}
	c.seen.User = u.ID
	if u.HiddenFor > 0 {
		u.HiddenFor--
		return nil
	}
	return u
}

// directoryUser finds the user of a path of the directory.
func (c *call) directoryUser() (*user, error) {
	key, err := c.parts[1].keyText()
	if err != nil {
		return nil, err
	}
	u := c.userByKey(key)
	if u == nil {
		return nil, errUserNotFound(key)
	}
	return u, nil
}

// profile is the JSON of a user with the properties the caller asked for and may see.
func (e *Emulator) profile(c *call, u *user) (map[string]any, error) {
	names, err := c.options.selected(userProperties)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if !c.shows(name) {
			return nil, errDirectoryForbidden()
		}
	}
	if names == nil {
		names = userDefaults
	}
	return pick(u.properties(), names), nil
}

// shows reports whether the caller may see a property of users.
func (c *call) shows(property string) bool {
	if c.may(readFullUsers) || slices.Contains(basicProperties, property) {
		return true
	}
	return property == "isManagementRestricted" && c.assume(ReadBasic).name == "restriction"
}

// mayReadUsers refuses a caller whose permission opens nothing after all.
func (c *call) mayReadUsers() error {
	if c.assume(ReadBasic).name == "nothing" && !c.may(readFullUsers) {
		return errDirectoryForbidden()
	}
	return nil
}

func (u *user) properties() map[string]any {
	return map[string]any{
		"id": u.ID, "userPrincipalName": u.UPN, "displayName": u.DisplayName,
		"userType": u.UserType, "accountEnabled": !u.Disabled, "businessPhones": []string{},
		"isManagementRestricted": u.managementRestricted(),
	}
}

// managementRestricted is true, or null of a user in no restricted unit.
func (u *user) managementRestricted() any {
	if u.ManagementRestricted {
		return true
	}
	return nil
}

// getUser answers GET /users/{key}.
// https://learn.microsoft.com/graph/api/user-get
func (e *Emulator) getUser(c *call) (answer, error) {
	if err := c.mayReadUsers(); err != nil {
		return answer{}, err
	}
	u, err := c.directoryUser()
	if err != nil {
		return answer{}, err
	}
	entity, err := e.profile(c, u)
	if err != nil {
		return answer{}, err
	}
	entity["@odata.context"] = c.usersContext() + "/$entity"
	return okJSON(entity), nil
}

func (c *call) usersContext() string {
	context := c.base + "/" + c.version + "/$metadata#users"
	if names, found := c.options["$select"]; found {
		context += "(" + url.PathEscape(strings.ReplaceAll(names, " ", "")) + ")"
	}
	return context
}

// listUsers answers GET /users, filtered or whole.
// https://learn.microsoft.com/graph/api/user-list
func (e *Emulator) listUsers(c *call) (answer, error) {
	if err := c.mayReadUsers(); err != nil {
		return answer{}, err
	}
	filter, err := c.userFilter()
	if err != nil {
		return answer{}, err
	}
	rows := []map[string]any{}
	for _, u := range c.tenant.usersIn(filter) {
		if u.HiddenFor > 0 {
			continue
		}
		row, err := e.profile(c, u)
		if err != nil {
			return answer{}, err
		}
		rows = append(rows, row)
	}
	return e.page(c, c.usersContext(), rows)
}

// sortedUsers orders users by object id, so that pages do not overlap.
func (t *tenant) sortedUsers() []*user {
	return slices.SortedFunc(maps.Values(t.users), func(a, b *user) int { return strings.Compare(a.ID, b.ID) })
}
