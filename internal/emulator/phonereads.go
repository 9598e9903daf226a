package emulator

import "strconv"

// listPhones answers GET .../phoneMethods. The documents support no query option;
// $filter on phoneType and $top are seen to work, and $select does no harm.
// https://learn.microsoft.com/graph/api/authentication-list-phonemethods
func (e *Emulator) listPhones(c *call) (answer, error) {
	names, err := c.options.selected(c.phoneProperties())
	if err != nil {
		return answer{}, err
	}
	list, err := c.filteredPhones()
	if err != nil {
		return answer{}, err
	}
	size, err := c.options.top(len(listOrder))
	if err != nil {
		return answer{}, err
	}
	rows := []any{}
	for _, p := range list[:min(size, len(list))] {
		rows = append(rows, pick(c.entity(p), names))
	}
	return okJSON(map[string]any{"@odata.context": c.context("phoneMethods"), "value": rows}), nil
}

// filteredPhones gives the user's phones in the order of Graph's own example.
func (c *call) filteredPhones() ([]row, error) {
	filter, err := c.options.filter("phoneType")
	if err != nil {
		return nil, err
	}
	u, err := c.methodsUser()
	if err != nil {
		return nil, err
	}
	shown := c.tenant.rows(u, u.read(c.now))
	var list []row
	for _, phoneType := range listOrder {
		for _, p := range shown {
			if p.Type == phoneType && filter.accepts(p.Type) {
				list = append(list, p)
			}
		}
	}
	return list, nil
}

// countPhones answers GET .../phoneMethods/$count, which is in the schema only.
func (e *Emulator) countPhones(c *call) (answer, error) {
	list, err := c.filteredPhones()
	if err != nil {
		return answer{}, err
	}
	return okText(strconv.Itoa(len(list))), nil
}

// getPhone answers GET .../phoneMethods/{id}.
// https://learn.microsoft.com/graph/api/phoneauthenticationmethod-get
func (e *Emulator) getPhone(c *call) (answer, error) {
	names, err := c.options.selected(c.phoneProperties())
	if err != nil {
		return answer{}, err
	}
	u, phoneType, err := c.methodsPhone()
	if err != nil {
		return answer{}, err
	}
	for _, p := range c.tenant.rows(u, u.read(c.now)) {
		if p.Type == phoneType {
			return okJSON(c.single(pick(c.entity(p), names))), nil
		}
	}
	return answer{}, errMethodNotFound()
}
