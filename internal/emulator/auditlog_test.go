package emulator_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
)

const registrations = "/v1.0/reports/authenticationMethods/userRegistrationDetails"

// readsLogs registers the app with what it takes to write phones and to read the logs.
func (g *graph) readsLogs() *graph {
	g.t.Helper()
	g.allow(append(slices.Clone(everyPermission), "AuditLog.Read.All", "Directory.Read.All")...)
	return g
}

// audits is the path of the log with a filter.
func audits(filter string) string {
	return "/v1.0/auditLogs/directoryAudits?$filter=" + url.QueryEscape(filter)
}

// sinceStart are the terms that a watch asks with.
const sinceStart = "activityDateTime ge 2030-01-02T03:04:05Z and loggedByService eq 'Authentication Methods'"

// logged is what the log shows, all pages of it: "who activity whom".
func (g *graph) logged(path string) (seen []string) {
	g.t.Helper()
	g.token = g.signIn() // the last one may have ended
	for path != "" {
		r := g.do("GET", path, "")
		r.wants(200, "")
		for _, row := range r.json()["value"].([]any) {
			record := row.(map[string]any)
			by := record["initiatedBy"].(map[string]any)
			who := "an administrator"
			if app, ok := by["app"].(map[string]any); ok {
				who = fmt.Sprint(app["appId"])
			}
			target := record["targetResources"].([]any)[0].(map[string]any)
			seen = append(seen, fmt.Sprint(who, ": ", record["activityDisplayName"], ", ", target["id"]))
		}
		next, _ := r.json()["@odata.nextLink"].(string)
		path = strings.TrimPrefix(next, g.server.URL)
	}
	return seen
}

func TestEachChangeOfAPhoneIsInTheAuditLog(t *testing.T) {
	g := start(t).readsLogs()
	g.do("POST", phones(adaID), phoneJSON(one, "mobile")).wants(201, "")
	g.clock.advance(time.Second)
	must(t, g.SetPhone(bobID, emulator.Office, two))
	g.clock.advance(time.Second)
	g.do("PATCH", phones(adaID, "/", mobileID), phoneJSON(two, "mobile")).wants(204, "")
	g.clock.advance(time.Second)
	must(t, g.RemovePhone(bobID, emulator.Office))
	must(t, g.RemovePhone(bobID, emulator.Office)) // is none
	g.clock.advance(time.Second)
	g.do("DELETE", phones(adaID, "/", mobileID), "").wants(204, "")

	want := []string{
		clientID + ": Admin registered security info, " + adaID,
		"an administrator: Admin registered security info, " + bobID,
		clientID + ": Admin updated security info, " + adaID,
		"an administrator: Admin deleted security info, " + bobID,
		clientID + ": Admin deleted security info, " + adaID,
	}
	slices.Reverse(want)
	if d := cmp.Diff(want, g.logged(audits(sinceStart))); d != "" {
		t.Errorf("latest first (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want, g.logged(audits(sinceStart)+"&$top=2")); d != "" {
		t.Errorf("in pages (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want[:2], g.logged(audits("activityDateTime ge 2030-01-02T03:04:08Z"))); d != "" {
		t.Errorf("the last two (-want +got):\n%s", d)
	}
	if got := g.logged(audits("loggedByService eq 'Core Directory'")); len(got) != 0 {
		t.Errorf("of another service: %v", got)
	}
}

// Late, doubled and missing records are what a watch has to live with.
func TestHowTheAuditLogFollows(t *testing.T) {
	g := start(t).readsLogs()
	change := func() {
		t.Helper()
		must(t, g.SetPhone(adaID, emulator.Mobile, one))
		g.clock.advance(time.Second)
	}
	count := func(want int) {
		t.Helper()
		if got := g.logged(audits(sinceStart)); len(got) != want {
			t.Errorf("the log shows %d records, want %d", len(got), want)
		}
	}
	must(t, g.SetAuditLog(emulator.AuditLog{Delay: time.Minute, Spread: time.Hour}))
	change()
	count(0)
	g.clock.advance(time.Minute + time.Hour)
	count(1)
	must(t, g.SetAuditLog(emulator.AuditLog{Doubled: 1}))
	change()
	count(3)
	must(t, g.SetAuditLog(emulator.AuditLog{Missing: 1}))
	change()
	count(3)
	must(t, g.SetAuditLog(emulator.AuditLog{Retention: time.Hour}))
	count(2) // the first one happened longer ago
	must(t, g.SetAuditLog(emulator.AuditLog{}))
	g.clock.advance(30 * 24 * time.Hour)
	count(0)
	for _, wrong := range []emulator.AuditLog{{Delay: -1}, {Missing: 2}, {Doubled: -0.5}} {
		if g.SetAuditLog(wrong) == nil {
			t.Errorf("%+v is accepted", wrong)
		}
	}
}

func TestWhatTheAuditLogRefuses(t *testing.T) {
	g := start(t).readsLogs()
	for _, query := range []string{
		"?$filter=id", "?$filter=activityDateTime+ge+yesterday", "?$filter=activityDateTime+le+2030-01-02T03:04:05Z", "?$filter=loggedByService+ne+'x'", "?$filter=userAgent+eq+'x'",
		"?$orderby=activityDateTime", "?$select=id", "?$top=0", "?$skiptoken=x",
	} {
		g.do("GET", "/v1.0/auditLogs/directoryAudits"+query, "").wants(400, "Request_UnsupportedQuery")
	}
	const missing = "Authentication_MSGraphPermissionMissing"
	g.allow("Directory.Read.All")
	g.do("GET", audits(sinceStart), "").wants(403, missing)
	g.do("GET", registrations, "").wants(403, missing)
	g.allow("AuditLog.Read.All")
	g.do("GET", audits(sinceStart), "").wants(403, missing)
	g.do("GET", registrations, "").wants(200, "")
}

func TestReportsHaveALimitOfTheirOwn(t *testing.T) {
	g := start(t).readsLogs()
	for _, limit := range emulator.ListedLimits() {
		g.SetThrottle(limit)
	}
	for range 5 {
		g.do("GET", audits(sinceStart), "").wants(200, "")
	}
	g.do("GET", registrations, "").wants(429, "UnknownError")
	g.do("GET", phones(adaID), "").wants(200, "")
	g.do("GET", "/v1.0/users/"+adaID, "").wants(200, "")
}

// registered is what the report shows: each user's types of phones.
func (g *graph) registered() map[string]string {
	g.t.Helper()
	g.token = g.signIn()
	r := g.do("GET", registrations, "")
	r.wants(200, "")
	seen := map[string]string{}
	for _, row := range r.json()["value"].([]any) {
		details := row.(map[string]any)
		seen[details["id"].(string)] = fmt.Sprint(details["methodsRegistered"])
	}
	return seen
}

func TestTheRegistrationReportIsBehind(t *testing.T) {
	g := start(t).readsLogs()
	must(t, g.SetAuditLog(emulator.AuditLog{ReportLag: time.Hour}))
	must(t, g.AddUser(emulator.User{ID: "0f1c0000-0000-4000-8000-000000000009", UPN: "with@contoso.example", Phones: has{"mobile": one, "office": two}}))
	want := map[string]string{adaID: "[]", bobID: "[]", guestID: "[]", "0f1c0000-0000-4000-8000-000000000009": "[mobilePhone officePhone]"}
	check := func(when string) {
		t.Helper()
		if d := cmp.Diff(want, g.registered()); d != "" {
			t.Errorf("%s (-want +got):\n%s", when, d)
		}
	}
	check("at the start")
	must(t, g.SetPhone(adaID, emulator.Mobile, one))
	g.clock.advance(30 * time.Minute)
	must(t, g.RemovePhone(adaID, emulator.Mobile))
	must(t, g.SetPhone(adaID, emulator.AlternateMobile, one))
	check("right after two changes")
	g.clock.advance(30 * time.Minute)
	want[adaID] = "[mobilePhone]"
	check("when the first shows")
	g.clock.advance(30 * time.Minute)
	want[adaID] = "[alternateMobilePhone]"
	check("when both show")
	g.do("GET", registrations+"?$filter=id+eq+'x'", "").wants(400, "Request_UnsupportedQuery")
	must(t, g.AddTenant(emulator.Tenant{ID: tenantID, WithoutP1: true}))
	g.do("GET", registrations, "").wants(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")
}
