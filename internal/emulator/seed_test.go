package emulator_test

import (
	"testing"

	"github.com/entraops/phone-operator/internal/emulator"
)

func TestASeedThatCannotBeIsRefused(t *testing.T) {
	tenants := []emulator.Tenant{{ID: tenantID}}
	for name, seed := range map[string]emulator.Seed{
		"a tenant whose id is no GUID":     {Tenants: []emulator.Tenant{{ID: "contoso"}}},
		"an app before any tenant":         {Apps: []emulator.App{{ClientID: clientID}}},
		"a group whose id is no GUID":      {Tenants: tenants, Groups: []emulator.Group{{ID: "desk"}}},
		"a user without a UPN":             {Tenants: tenants, Users: []emulator.User{{ID: adaID}}},
		"a UPN twice":                      {Tenants: tenants, Users: []emulator.User{{ID: adaID, UPN: adaUPN}, {ID: bobID, UPN: "ADA@contoso.example"}}},
		"a phone of no type":               {Tenants: tenants, Users: []emulator.User{{ID: adaID, UPN: adaUPN, Phones: map[string]string{"fax": one}}}},
		"a default method that is no type": {Tenants: tenants, Users: []emulator.User{{ID: adaID, UPN: adaUPN, DefaultMethod: "fax"}}},
		"a fault without an effect":        {Faults: []emulator.Fault{{}}},
	} {
		if emulator.New(emulator.Options{}).Load(seed) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestWhatCannotBeChangedIsAnError(t *testing.T) {
	g := start(t)
	for name, err := range map[string]error{
		"a phone of nobody":         g.SetPhone(deskID, emulator.Mobile, one),
		"a phone of nobody removed": g.RemovePhone(deskID, emulator.Mobile),
		"nobody renamed":            g.RenameUser(deskID, "x@contoso.example"),
		"nobody removed":            g.RemoveUser(deskID),
		"a default that is no type": g.UpdateUser(adaID, func(u *emulator.User) { u.DefaultMethod = "fax" }),
	} {
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
