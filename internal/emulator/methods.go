package emulator

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// phoneProperties are what $select may name.
func (c *call) phoneProperties() []string {
	return slices.Collect(maps.Keys(c.entity(row{})))
}

const phoneODataType = "#microsoft.graph.phoneAuthenticationMethod"

// methodsUser finds the user of an authentication path. A guest is found by
// object id only.
func (c *call) methodsUser() (*user, error) {
	key, err := c.parts[1].keyText()
	if err != nil {
		return nil, err
	}
	u := c.userByKey(key)
	if u == nil || (u.isGuest() && !strings.EqualFold(u.ID, key)) {
		return nil, errMethodsUserNotFound()
	}
	if c.method != http.MethodGet && u.ManagementRestricted && !c.may(writeRestricted) {
		return nil, errRestricted()
	}
	return u, nil
}

// methodsPhone finds the user and reads the phone type of the path of one phone, which
// the user need not have.
func (c *call) methodsPhone() (*user, string, error) {
	u, err := c.methodsUser()
	if err != nil {
		return nil, "", err
	}
	phoneType, err := c.phoneType()
	return u, phoneType, err
}

// phoneType reads the method id of the path.
func (c *call) phoneType() (string, error) {
	id, err := c.parts[4].keyText()
	if err != nil {
		return "", err
	}
	if uuid.Validate(id) != nil {
		return "", errUnroutable(c)
	}
	phoneType, ok := typeOf(id)
	if !ok {
		return "", errMethodNotFound()
	}
	c.seen.PhoneType = phoneType
	return phoneType, nil
}

// row is a phone in an answer.
type row struct {
	Phone
	created time.Time
}

func dateTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// entity is the JSON of one phone.
func (c *call) entity(p row) map[string]any {
	if c.glyph != "" {
		p.Number = masked(p.Number, c.glyph)
	}
	entity := map[string]any{
		"id": p.ID, "phoneNumber": p.Number, "phoneType": p.Type, "smsSignInState": p.SMSSignInState, "createdDateTime": nil,
	}
	if c.assume(CreatedDate).name == "filled" {
		entity["createdDateTime"] = dateTime(p.created)
	}
	if c.version == "beta" {
		entity["lastUsedDateTime"] = nil
	}
	return entity
}

// context is the metadata link of an answer about a user's methods. It repeats
// the key the caller used.
func (c *call) context(suffix string) string {
	key := url.QueryEscape(c.parts[1].text)
	return c.base + "/" + c.version + "/$metadata#users('" + strings.ReplaceAll(key, "+", "%20") + "')/authentication/" + suffix
}

func pick(object map[string]any, names []string) map[string]any {
	if names == nil {
		return object
	}
	picked := map[string]any{}
	for name, value := range object {
		if strings.HasPrefix(name, "@") {
			picked[name] = value
		}
	}
	for _, name := range names {
		picked[name] = object[name]
	}
	return picked
}

func (c *call) single(entity map[string]any) map[string]any {
	entity["@odata.context"] = c.context("phoneMethods/$entity")
	return entity
}
