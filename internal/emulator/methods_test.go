package emulator_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
)

func TestAPhoneIsCreatedReadChangedAndDeleted(t *testing.T) {
	g := start(t)
	created := g.do("POST", phones(adaID), phoneJSON("+1 2065550100", "mobile"))
	created.wants(201, "")
	want := map[string]any{
		"@odata.context": g.server.URL + "/v1.0/$metadata#users('" + adaID + "')/authentication/phoneMethods/$entity",
		"id":             mobileID, "phoneNumber": "+1 2065550100", "phoneType": "mobile",
		"smsSignInState": "notAllowedByPolicy", "createdDateTime": "2030-01-02T03:04:05Z",
	}
	if d := cmp.Diff(want, created.json()); d != "" {
		t.Error(d)
	}
	g.do("PATCH", phones(adaID, "/", mobileID), phoneJSON("+1 2065550101", "mobile")).wants(204, "")
	g.do("PATCH", phones(adaID, "/", mobileID), `{"phoneNumber":"+1 2065550102"}`).wants(204, "")
	got := g.do("GET", phones(adaID, "/", mobileID), "").json()
	if got["phoneNumber"] != "+1 2065550102" {
		t.Errorf("number after update: %v", got["phoneNumber"])
	}
	g.do("DELETE", phones(adaID, "/", mobileID), "").wants(204, "")
	g.do("GET", phones(adaID, "/", mobileID), "").wants(404, "resourceNotFound")
	g.do("DELETE", phones(adaID, "/", mobileID), "").wants(404, "resourceNotFound")
}

func TestTheListHoldsAllPhonesInNoUsefulOrder(t *testing.T) {
	g := start(t)
	if rows := g.do("GET", phones(adaID), "").json()["value"].([]any); len(rows) != 0 {
		t.Fatalf("a new user has phones: %v", rows)
	}
	must(t, g.SetPhone(adaID, emulator.Mobile, "+12065550100"))
	must(t, g.SetPhone(adaID, emulator.AlternateMobile, "+1 2065550101"))
	must(t, g.SetPhone(adaID, emulator.Office, "+1 2065550102x12"))
	var types []string
	for _, row := range g.do("GET", phones(adaID), "").json()["value"].([]any) {
		types = append(types, row.(map[string]any)["phoneType"].(string))
	}
	if d := cmp.Diff([]string{"office", "mobile", "alternateMobile"}, types); d != "" {
		t.Error(d)
	}
	if got := g.do("GET", phones(adaID, "/$count"), "").body; got != "3" {
		t.Errorf("count %q", got)
	}
	want := []emulator.Phone{
		{ID: mobileID, Type: "mobile", Number: "+1 2065550100", SMSSignInState: "notAllowedByPolicy"},
		{ID: alternateID, Type: "alternateMobile", Number: "+1 2065550101", SMSSignInState: "notSupported"},
		{ID: officeID, Type: "office", Number: "+1 2065550102x12", SMSSignInState: "notSupported"},
	}
	if d := cmp.Diff(want, g.Phones(adaID)); d != "" {
		t.Error(d)
	}
}
