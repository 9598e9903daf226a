package emulator

import (
	"encoding/json"
	"net/http"
	"strings"
)

// phoneBody reads what a write may hold: phoneNumber and phoneType. Names with an
// @ are OData's annotations; of them only the type is looked at. Every other
// property is read-only or unknown, and refused.
func (c *call) phoneBody() (number, phoneType *string, err error) {
	object, err := c.jsonObject()
	if err != nil {
		return nil, nil, err
	}
	for name, raw := range object {
		switch {
		case name == "phoneNumber":
			number, err = stringValue(name, raw)
		case name == "phoneType":
			phoneType, err = stringValue(name, raw)
		case name == "smsSignInState":
			err = errStateInWrite()
		case name == "@odata.type":
			var kind *string
			if kind, err = stringValue(name, raw); err == nil && *kind != phoneODataType {
				err = errBody("The @odata.type is not that of a phone method.")
			}
		case strings.Contains(name, "@"):
		default:
			err = errBody("The request holds a property that is unknown or read-only.")
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return number, phoneType, nil
}

func stringValue(name string, raw json.RawMessage) (*string, error) {
	var s *string
	if err := json.Unmarshal(raw, &s); err != nil || s == nil {
		return nil, errBody("The value of " + name + " must be a string.")
	}
	return s, nil
}

// validNumber gives the form Graph stores.
func (c *call) validNumber(number, phoneType string) (string, error) {
	shown, ok := canonicalNumber(number)
	switch {
	case !ok:
		return "", errMalformedNumber()
	case hasExtension(shown) && phoneType != Office:
		return "", errExtensionNotOffice()
	case !isInPlan(shown, c.assume(NumberPlan).name):
		return "", errInvalidNumber()
	case c.assume(TrunkZero).name == "dropped":
		return withoutTrunkZero(shown), nil
	}
	return shown, nil
}

// createPhone answers POST .../phoneMethods.
// https://learn.microsoft.com/graph/api/authentication-post-phonemethods
func (e *Emulator) createPhone(c *call) (answer, error) {
	u, err := c.methodsUser()
	if err != nil {
		return answer{}, err
	}
	number, phoneType, err := c.phoneBody()
	if err != nil {
		return answer{}, err
	}
	if number == nil || phoneType == nil || methodIDs[*phoneType] == "" {
		return answer{}, errBody("phoneNumber and a known phoneType are required.")
	}
	c.seen.PhoneType = *phoneType
	shown, err := c.validNumber(*number, *phoneType)
	if err != nil {
		return answer{}, err
	}
	if _, exists := u.phones[*phoneType]; exists {
		return answer{}, errDuplicateType()
	}
	if _, mobile := u.phones[Mobile]; *phoneType == AlternateMobile && !mobile {
		return answer{}, errNeedsMobile()
	}
	if err := e.save(c, u, *phoneType, phone{number: shown}); err != nil {
		return answer{}, err
	}
	made := u.phones[*phoneType]
	created := row{Phone{ID: methodIDs[*phoneType], Type: *phoneType, Number: shown,
		SMSSignInState: c.tenant.signInState(u, *phoneType, made)}, made.created}
	a := okJSON(c.single(c.entity(created)))
	a.status = http.StatusCreated
	a.header = http.Header{"Location": {c.base + c.path + "/" + created.ID}}
	return a, nil
}

// updatePhone answers PATCH .../phoneMethods/{id}. Only the number can change. What
// is left out is computed anew: by the default assumption a mobile for which SMS
// sign-in was switched off is registered again, also with an unchanged number.
// https://learn.microsoft.com/graph/api/phoneauthenticationmethod-update
func (e *Emulator) updatePhone(c *call) (answer, error) {
	u, phoneType, err := c.methodsPhone()
	if err != nil {
		return answer{}, err
	}
	number, sent, err := c.phoneBody()
	if err != nil {
		return answer{}, err
	}
	was, exists := u.phones[phoneType]
	switch {
	case !exists:
		return answer{}, errMethodNotFound()
	case sent != nil && *sent != phoneType:
		return answer{}, errTypeChange()
	case number == nil:
		return answer{}, errBody("phoneNumber is required.")
	}
	shown, err := c.validNumber(*number, phoneType)
	if err != nil {
		return answer{}, err
	}
	if phoneType == Mobile && !was.signIn && c.assume(SignInOnUpdate).name == "kept" {
		e.put(c, u, phoneType, phone{number: shown})
		return noContent(), nil
	}
	if err := e.save(c, u, phoneType, phone{number: shown}); err != nil {
		return answer{}, err
	}
	return noContent(), nil
}

// save stores a phone, and registers a mobile for SMS sign-in where the policy
// says so. A failing registration is the caller's error although the phone is saved.
func (e *Emulator) save(c *call, u *user, phoneType string, m phone) error {
	e.put(c, u, phoneType, m)
	if phoneType != Mobile {
		return nil
	}
	return c.tenant.registerSignIn(u)
}

func (e *Emulator) put(c *call, u *user, phoneType string, m phone) {
	before := u.phones
	m.created = before.created(phoneType, c.clock)
	next := before.clone()
	next[phoneType] = m
	c.tenant.store(u, next)
	e.logDifference(c.tenant, u, c.token.App, phoneType, before)
	c.wrote(u, before)
}

// deletePhone answers DELETE .../phoneMethods/{id}. A default method goes last.
// https://learn.microsoft.com/graph/api/phoneauthenticationmethod-delete
func (e *Emulator) deletePhone(c *call) (answer, error) {
	u, phoneType, err := c.methodsPhone()
	if err != nil {
		return answer{}, err
	}
	if _, exists := u.phones[phoneType]; !exists {
		return answer{}, errMethodNotFound()
	}
	if u.DefaultMethod == phoneType && len(u.phones)+len(u.OtherMethods) > 1 {
		return answer{}, errDefaultMethod(methodIDs[phoneType])
	}
	if _, alternate := u.phones[AlternateMobile]; phoneType == Mobile && alternate {
		return answer{}, errNeededByAlternate()
	}
	before := u.phones
	next := before.clone()
	delete(next, phoneType)
	c.tenant.store(u, next)
	if u.DefaultMethod == phoneType {
		u.DefaultMethod = ""
	}
	e.logDifference(c.tenant, u, c.token.App, phoneType, before)
	c.wrote(u, before)
	return noContent(), nil
}

// wrote lets reads of the user fall behind: as a fault asks for it, or as this Graph
// always does.
func (c *call) wrote(u *user, before phones) {
	switch {
	case c.lag != nil:
		u.lagBehind(before, c.lag.Reads, c.now, c.now.Add(c.lag.Delay))
	case c.settings.readLag > 0:
		u.lagBehind(before, 0, c.now, c.now.Add(c.settings.readLag))
	}
}
