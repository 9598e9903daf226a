package emulator_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
)

// A rule is tried on a user who has these phones.
type has map[string]string

const (
	one = "+1 2065550100"
	two = "+1 2065550101"
)

func TestWhatGraphRefusesOfPhoneMethods(t *testing.T) {
	byID := "/" + mobileID
	for name, c := range map[string]struct {
		has          has
		method, path string
		body         string
		header       map[string]string
		status       int
		code         string
	}{
		"an alternateMobile without a mobile":      {method: "POST", body: phoneJSON(one, "alternateMobile"), status: 400, code: "badRequest"},
		"an alternateMobile beside an office only": {has: has{"office": one}, method: "POST", body: phoneJSON(one, "alternateMobile"), status: 400, code: "badRequest"},
		"a phone that is not there is changed":     {method: "PATCH", path: byID, body: phoneJSON(one, "mobile"), status: 404, code: "resourceNotFound"},
		"a phone that is not there is deleted":     {method: "DELETE", path: byID, status: 404, code: "resourceNotFound"},
		"a method id that stands for nothing":      {method: "GET", path: "/00000000-0000-0000-0000-000000000000", status: 404, code: "resourceNotFound"},
		"a method id that is no GUID":              {method: "GET", path: "/mobile", status: 404, code: "UnknownError"},
		"the type of a phone is changed":           {has: has{"mobile": one}, method: "PATCH", path: byID, body: phoneJSON(one, "office"), status: 400, code: "badRequest"},
		"an update without a number":               {has: has{"mobile": one}, method: "PATCH", path: byID, body: `{"phoneType":"mobile"}`, status: 400, code: "badRequest"},
		"POST on a phone":                          {has: has{"mobile": one}, method: "POST", path: byID, body: phoneJSON(one, "mobile"), status: 404, code: "UnknownError"},
		"DELETE on the list":                       {method: "DELETE", status: 404, code: "UnknownError"},
		"a state in a new phone":                   {method: "POST", body: `{"phoneNumber":"+1 2065550100","phoneType":"mobile","smsSignInState":"ready"}`, status: 400, code: "badRequest"},
		"an unknown property":                      {method: "POST", body: `{"phoneNumber":"+1 2065550100","phoneType":"mobile","label":"x"}`, status: 400, code: "badRequest"},
		"a property in another case":               {method: "POST", body: `{"PhoneNumber":"+1 2065550100","phoneType":"mobile"}`, status: 400, code: "badRequest"},
		"a property twice":                         {method: "POST", body: `{"phoneType":"mobile","phoneNumber":"+1 2065550100","phoneNumber":"+1 2065550101"}`, status: 400, code: "badRequest"},
		"no number":                                {method: "POST", body: `{"phoneType":"mobile"}`, status: 400, code: "badRequest"},
		"no type":                                  {method: "POST", body: `{"phoneNumber":"+1 2065550100"}`, status: 400, code: "badRequest"},
		"a null number":                            {method: "POST", body: `{"phoneNumber":null,"phoneType":"mobile"}`, status: 400, code: "badRequest"},
		"a number that is a number":                {method: "POST", body: `{"phoneNumber":12065550100,"phoneType":"mobile"}`, status: 400, code: "badRequest"},
		"an extension on a mobile":                 {method: "POST", body: phoneJSON(one+"x1", "mobile"), status: 400, code: "badRequest"},
		"a type that is not one":                   {method: "POST", body: phoneJSON(one, "fax"), status: 400, code: "badRequest"},
		"a type in another case":                   {method: "POST", body: phoneJSON(one, "Mobile"), status: 400, code: "badRequest"},
		"the type of the future":                   {method: "POST", body: phoneJSON(one, "unknownFutureValue"), status: 400, code: "badRequest"},
		"the type of another entity":               {method: "POST", body: `{"@odata.type":"#microsoft.graph.user","phoneNumber":"+1 2065550100","phoneType":"mobile"}`, status: 400, code: "badRequest"},
		"a type of entity that is null":            {method: "POST", body: `{"@odata.type":null,"phoneNumber":"+1 2065550100","phoneType":"mobile"}`, status: 400, code: "badRequest"},
		"no JSON":                                  {method: "POST", body: `phoneNumber=1`, status: 400, code: "badRequest"},
		"JSON and more":                            {method: "POST", body: phoneJSON(one, "mobile") + "{}", status: 400, code: "badRequest"},
		"a list":                                   {method: "POST", body: `["phoneNumber","+1 2065550100","phoneType","mobile"]`, status: 400, code: "badRequest"},
		"no body":                                  {method: "POST", header: map[string]string{"Content-Type": "application/json"}, status: 400, code: "badRequest"},
		"no Content-Type":                          {method: "POST", body: phoneJSON(one, "mobile"), header: map[string]string{"Content-Type": ""}, status: 400, code: "BadRequest"},
		"another Content-Type":                     {method: "POST", body: phoneJSON(one, "mobile"), header: map[string]string{"Content-Type": "text/plain"}, status: 400, code: "BadRequest"},
		"an encoding nobody knows":                 {method: "POST", body: phoneJSON(one, "mobile"), header: map[string]string{"Content-Encoding": "rot13"}, status: 415, code: "UnsupportedMediaType"},
		"gzip that is none":                        {method: "POST", body: phoneJSON(one, "mobile"), header: map[string]string{"Content-Encoding": "gzip"}, status: 400, code: "BadRequest"},
		"a body of more than 4 MiB":                {method: "POST", body: phoneJSON(one, strings.Repeat("m", 5<<20)), status: 413, code: "RequestEntityTooLarge"},
		"parameters for an action that takes none": {has: has{"mobile": one}, method: "POST", path: byID + "/disableSmsSignIn", body: `{"a":1}`, status: 400, code: "badRequest"},
		"a query option that lists of phones lack": {method: "GET", path: "?$skip=1", status: 400, code: "Request_UnsupportedQuery"},
		"a query option beside a new phone":        {method: "POST", path: "?$select=id", body: phoneJSON(one, "mobile"), status: 400, code: "Request_UnsupportedQuery"},
		"a query option that OData lacks":          {method: "GET", path: "?$first=1", status: 400, code: "BadRequest"},
		"a property that phones lack in $select":   {method: "GET", path: "?$select=number", status: 400, code: "BadRequest"},
		"a filter on the number":                   {method: "GET", path: "?$filter=phoneNumber%20eq%20'x'", status: 400, code: "Request_UnsupportedQuery"},
		"a step below a phone that is none":        {method: "GET", path: byID + "/smsSignIn", status: 400, code: "badRequest"},
	} {
		t.Run(name, func(t *testing.T) {
			g := start(t)
			for phoneType, number := range c.has {
				must(t, g.SetPhone(adaID, phoneType, number))
			}
			before := g.Snapshot()
			r := g.send(request{method: c.method, path: phones(adaID) + c.path, body: c.body, header: c.header})
			r.wants(c.status, c.code)
			if d := cmp.Diff(before, g.Snapshot()); d != "" {
				t.Errorf("a refused request changed something: %s", d)
			}
			if strings.Contains(r.body, "2065550") {
				t.Error("a refusal repeats a phone number")
			}
		})
	}
}

func TestNumbersInGraphsGrammar(t *testing.T) {
	for written, shown := range map[string]string{
		"+1 2065550100":             "+1 2065550100",
		"+12065550100":              "+1 2065550100",
		"+31612345678":              "+31 612345678",
		"+358401550100":             "+358 401550100",
		"+44 07700900123":           "+44 07700900123", // the trunk zero stays
		"+1 2065550100x123":         "+1 2065550100x123",
		"+12065550100x1":            "+1 2065550100x1",
		"2065550100":                "",
		"+1 206 5550100":            "",
		"+1 206-555-0100":           "",
		"+1  2065550100":            "",
		"+1 2065550100 ":            "",
		"+1 2065550100X123":         "",
		"+1 2065550100x":            "",
		"+999 2065550100":           "",
		"+9992065550100":            "",
		"+0 2065550100":             "",
		"+1 2":                      "",
		"+1 206555010012345":        "",
		"++1 2065550100":            "",
		"+1 2065550100;ext=5":       "",
		"+１ 2065550100":             "",
		"":                          "",
		"+1 ********00":             "",
		"+1 5550100":                "", // a length that the country does not have
		"+44 20":                    "", // shorter than any
		"tel:+12065550100":          "",
		"+1 2065550100x12345678901": "",
	} {
		t.Run(written, func(t *testing.T) {
			g := start(t)
			r := g.do("POST", phones(adaID), phoneJSON(written, "office"))
			if shown == "" {
				r.wants(400, "invalidPhoneNumber")
				return
			}
			r.wants(201, "")
			if got := r.json()["phoneNumber"]; got != shown {
				t.Errorf("shown as %q, want %q", got, shown)
			}
		})
	}
}

func TestAnnotationsOfODataAreNoProperties(t *testing.T) {
	g := start(t)
	body := `{"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","phoneType@odata.type":"x","phoneNumber":"+1 2065550100","phoneType":"mobile"}`
	g.unchecked().do("POST", phones(adaID), body).wants(201, "") // as official SDKs send it
}

func TestAnotherKindOfMethodKeepsTheDefaultFromDeletion(t *testing.T) {
	g := start(t)
	must(t, g.SetPhone(adaID, emulator.Mobile, one))
	must(t, g.UpdateUser(adaID, func(u *emulator.User) {
		u.DefaultMethod = emulator.Mobile
		u.OtherMethods = []emulator.OtherMethod{{ID: "a", Type: "microsoftAuthenticatorAuthenticationMethod"}}
	}))
	g.do("DELETE", phones(adaID, "/", mobileID), "").wants(400, "badRequest")
}

func TestTheDefaultAlternateMobileBlocksBothMobiles(t *testing.T) {
	g := start(t)
	must(t, g.SetPhone(adaID, emulator.Mobile, one))
	must(t, g.SetPhone(adaID, emulator.AlternateMobile, two))
	must(t, g.UpdateUser(adaID, func(u *emulator.User) { u.DefaultMethod = emulator.AlternateMobile }))
	g.do("DELETE", phones(adaID, "/", alternateID), "").wants(400, "badRequest")
	g.do("DELETE", phones(adaID, "/", mobileID), "").wants(400, "badRequest")
}

func TestARefusalIsInGraphsEnvelope(t *testing.T) {
	g := start(t)
	const mine = "9f0c0000-0000-4000-8000-00000000000a"
	r := g.send(request{method: "GET", path: phones(adaID, "/", mobileID), header: map[string]string{"client-request-id": mine}})
	refused := r.json()["error"].(map[string]any)
	inner := refused["innerError"].(map[string]any)
	if inner["message"] != refused["message"] {
		t.Error("innerError does not repeat the message")
	}
	if inner["date"] != "2030-01-02T03:04:05" || inner["client-request-id"] != mine || inner["request-id"] != r.header.Get("request-id") {
		t.Errorf("innerError %v", inner)
	}
	if r.header.Get("client-request-id") != mine || r.header.Get("x-ms-ags-diagnostic") == "" {
		t.Errorf("headers %v", r.header)
	}
	if r.header.Get("Date") != "Wed, 02 Jan 2030 03:04:05 GMT" {
		t.Errorf("Date %q", r.header.Get("Date"))
	}
	r = g.send(request{method: "GET", path: phones(adaID), header: map[string]string{"client-request-id": "no guid"}})
	if r.header.Get("client-request-id") == "no guid" {
		t.Error("an id that is no GUID is echoed")
	}
}

func TestAFilterOnTheTypeIsHonoured(t *testing.T) {
	g := start(t)
	must(t, g.SetPhone(adaID, emulator.Mobile, one))
	must(t, g.SetPhone(adaID, emulator.Office, two))
	rows := g.do("GET", phones(adaID)+"?$filter=phoneType%20eq%20'mobile'&$select=phoneNumber", "").json()["value"].([]any)
	if len(rows) != 1 || len(rows[0].(map[string]any)) != 1 || rows[0].(map[string]any)["phoneNumber"] != one {
		t.Errorf("rows %v", rows)
	}
}

func TestAllMethodsCarryTheirType(t *testing.T) {
	g := start(t)
	must(t, g.SetPhone(adaID, emulator.Mobile, one))
	root := "/v1.0/users/" + adaID + "/authentication/methods"
	rows := g.do("GET", root, "").json()["value"].([]any)
	if len(rows) != 2 || rows[1].(map[string]any)["@odata.type"] != "#microsoft.graph.phoneAuthenticationMethod" {
		t.Errorf("rows %v", rows)
	}
	g.do("GET", root+"/"+mobileID, "").wants(200, "")
	g.do("GET", root+"/"+officeID, "").wants(404, "resourceNotFound")
}
