package emulator

import (
	"strings"
	"time"
)

const passwordMethodID = "28c10230-6103-485e-b985-444c60001490"

// passwordCreated is when every account got its password. Graph fills the date of
// this type; those of other methods follow the assumption.
var passwordCreated = time.Date(2024, 12, 11, 1, 7, 44, 0, time.UTC)

// methodsOf gives the JSON of all of a user's methods: the password, the phones,
// the others. Unlike phoneMethods, rows of this list carry their type.
func (c *call) methodsOf(u *user) []map[string]any {
	rows := []map[string]any{{
		"@odata.type": "#microsoft.graph.passwordAuthenticationMethod",
		"id":          passwordMethodID, "password": nil, "createdDateTime": dateTime(passwordCreated),
	}}
	for _, p := range c.tenant.rows(u, u.read(c.now)) {
		row := c.entity(p)
		row["@odata.type"] = phoneODataType
		rows = append(rows, row)
	}
	for _, o := range u.OtherMethods {
		rows = append(rows, map[string]any{"@odata.type": "#microsoft.graph." + o.Type, "id": o.ID, "createdDateTime": nil})
	}
	return rows
}

// listMethods answers GET .../authentication/methods.
// https://learn.microsoft.com/graph/api/authentication-list-methods
func (e *Emulator) listMethods(c *call) (answer, error) {
	u, err := c.methodsUser()
	if err != nil {
		return answer{}, err
	}
	rows := c.methodsOf(u)
	size, err := c.options.top(len(rows))
	if err != nil {
		return answer{}, err
	}
	return okJSON(map[string]any{"@odata.context": c.context("methods"), "value": rows[:min(size, len(rows))]}), nil
}

// getMethod answers GET .../authentication/methods/{id}.
// https://learn.microsoft.com/graph/api/authenticationmethod-get
func (e *Emulator) getMethod(c *call) (answer, error) {
	u, err := c.methodsUser()
	if err != nil {
		return answer{}, err
	}
	for _, row := range c.methodsOf(u) {
		if id, _ := row["id"].(string); strings.EqualFold(id, c.parts[4].text) {
			row["@odata.context"] = c.context("methods/$entity")
			return okJSON(row), nil
		}
	}
	return answer{}, errMethodNotFound()
}
