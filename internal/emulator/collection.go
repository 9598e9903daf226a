package emulator

import (
	"encoding/base64"
	"net/url"
	"strconv"
)

// page answers with the part of rows that the page size allows and a link to the
// rest. The link is a token, not an offset a client could compute.
func (e *Emulator) page(c *call, context string, rows []map[string]any) (answer, error) {
	size, err := c.options.top(e.opts.PageSize)
	if err != nil {
		return answer{}, err
	}
	start := 0
	if token, found := c.options["$skiptoken"]; found {
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err == nil {
			start, err = strconv.Atoi(string(raw))
		}
		if err != nil || start < 0 || start > len(rows) {
			return answer{}, errQuery("The skip token is not valid.")
		}
	}
	end := min(start+size, len(rows))
	body := map[string]any{"@odata.context": context, "value": append([]map[string]any{}, rows[start:end]...)}
	if c.options["$count"] == "true" {
		body["@odata.count"] = len(rows)
	}
	if end < len(rows) {
		query, err := url.ParseQuery(c.query)
		if err != nil {
			return answer{}, errRequest("The query string is not valid.")
		}
		query.Set("$skiptoken", base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end))))
		body["@odata.nextLink"] = c.base + c.path + "?" + query.Encode()
	}
	return okJSON(body), nil
}
