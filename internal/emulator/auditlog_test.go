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
	g.clock.advance(30 * 24 * time.Hour)
	if got := g.logged(audits(sinceStart)); len(got) != 0 {
		t.Errorf("after a month: %v", got)
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

func TestTheRegistrationReportShowsTypesOfPhones(t *testing.T) {
	g := start(t).readsLogs()
	g.with(has{"office": one})
	must(t, g.SetPhone(bobID, emulator.AlternateMobile, two))
	must(t, g.SetPhone(bobID, emulator.Mobile, one))
	report := g.do("GET", registrations, "")
	if d := cmp.Diff([]any{adaID, bobID, guestID}, report.column("id")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]any{[]any{"officePhone"}, []any{"mobilePhone", "alternateMobilePhone"}, []any{}}, report.column("methodsRegistered")); d != "" {
		t.Error(d)
	}
	g.do("GET", registrations+"?$filter=id+eq+'x'", "").wants(400, "Request_UnsupportedQuery")
}
