package emulator

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// The phone types of Graph's authenticationPhoneType.
const (
	Mobile          = "mobile"
	AlternateMobile = "alternateMobile"
	Office          = "office"
)

// methodIDs are the same in every tenant.
// https://learn.microsoft.com/graph/api/resources/phoneauthenticationmethod
var methodIDs = map[string]string{
	Mobile:          "3179e48a-750b-4051-897c-87b9720928f7",
	AlternateMobile: "b6332ec1-7057-4abe-9331-3d72feddfe41",
	Office:          "e37fc753-ff3b-4958-9484-eaa9425c82bc",
}

// listOrder is the order of rows in Graph's own example, which is not the order
// of types: clients must not count on one.
var listOrder = []string{Office, Mobile, AlternateMobile}

// Phone is one phone method as Graph shows it.
type Phone struct {
	ID             string `json:"id"`
	Type           string `json:"phoneType"`
	Number         string `json:"phoneNumber"`
	SMSSignInState string `json:"smsSignInState"`
}

// phone is what is stored of a method.
type phone struct {
	number string // as Graph shows it
	signIn bool   // registered as the user's SMS sign-in name
	// created is when the user got a phone of this type; a change of the number keeps it.
	created time.Time
}

// phones holds at most one phone per type. A set is never changed once a reader
// may hold it: writes go to a clone.
type phones map[string]phone

func (p phones) clone() phones {
	c := make(phones, len(p)+1)
	maps.Copy(c, p)
	return c
}

// created gives when the phone of a type was made; now, if it is not there yet.
func (p phones) created(phoneType string, now time.Time) time.Time {
	if m, ok := p[phoneType]; ok {
		return m.created
	}
	return now
}

// typeOf finds the phone type a well-known method id stands for.
func typeOf(methodID string) (string, bool) {
	for t, id := range methodIDs {
		if strings.EqualFold(id, methodID) {
			return t, true
		}
	}
	return "", false
}

// sortPhones orders mobile, alternateMobile, office.
func sortPhones(list []row) {
	order := []string{Mobile, AlternateMobile, Office}
	slices.SortFunc(list, func(a, b row) int {
		return slices.Index(order, a.Type) - slices.Index(order, b.Type)
	})
}
