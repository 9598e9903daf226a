package emulator

import "strings"

const passwordMethodID = "28c10230-6103-485e-b985-444c60001490"

// methodsOf gives the JSON of all of a user's methods: the password, the phones,
// the others. Unlike phoneMethods, rows of this list carry their type.
func (c *call) methodsOf(u *user) []map[string]any {
	rows := []map[string]any{{
		"@odata.type": "#microsoft.graph.passwordAuthenticationMethod",
		"id":          passwordMethodID, "password": nil, "createdDateTime": nil,
	}}
	for _, p := range c.tenant.show(u, u.read(c.now)) {
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
	if err := c.options.only(); err != nil {
		return answer{}, err
	}
	u, err := c.methodsUser()
	if err != nil {
		return answer{}, err
	}
	return okJSON(map[string]any{"@odata.context": c.context("methods"), "value": c.methodsOf(u)}), nil
}

// getMethod answers GET .../authentication/methods/{id}.
// https://learn.microsoft.com/graph/api/authenticationmethod-get
func (e *Emulator) getMethod(c *call) (answer, error) {
	if err := c.options.only(); err != nil {
		return answer{}, err
	}
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
