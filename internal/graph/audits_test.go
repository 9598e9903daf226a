package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
)

// readsLogs lets the application read the audit log and the reports.
func (g *tenant) readsLogs(t *testing.T) {
	t.Helper()
	must(t, g.AddApp(emulator.App{ClientID: clientID, Secret: appSecret, Roles: append(slices.Clone(permissions), "AuditLog.Read.All", "Directory.Read.All")}))
}

// The number of a phone is in the emulator's records, as it is in Entra's.
func TestTheAuditLogTellsWhoWasChangedAndNothingElse(t *testing.T) {
	assuming(t, func(t *testing.T, a emulator.Assumptions) {
		g := emulated(t).assume(t, a)
		ctx, began := context.Background(), time.Now().Add(-time.Minute)
		_, err := g.client.CreatePhoneMethod(ctx, adaID, phone.Mobile, number(t, "+1 2065550187"))
		must(t, err)
		must(t, g.SetPhone(bobID, emulator.Mobile, "+1 2065550101"))
		must(t, g.RemovePhone(bobID, emulator.Mobile))
		g.readsLogs(t)
		must(t, g.client.Renew(ctx))

		var all []graph.AuditRecord
		for next, pages := "", 0; ; pages++ {
			p, err := g.client.AuditRecords(ctx, began, next)
			must(t, err)
			if time.Since(p.Now) > time.Minute {
				t.Errorf("Graph's clock says %s", p.Now)
			}
			all = append(all, p.Rows...)
			if next = p.Next; next == "" {
				break
			}
			if pages > 5 {
				t.Fatal("the pages do not come to an end")
			}
		}
		slices.SortFunc(all, func(a, b graph.AuditRecord) int { return a.At.Compare(b.At) })
		var told []string
		for _, r := range all {
			told = append(told, fmt.Sprint(r.Activity, " ", r.Users, " ", r.Failed))
		}
		want := []string{
			"Admin registered security info [" + adaID + "] false", "Admin registered security info [" + bobID + "] false",
			"Admin deleted security info [" + bobID + "] false",
		}
		if d := cmp.Diff(want, told); d != "" {
			t.Errorf("records (-want +got):\n%s", d)
		}
		own, err := g.client.Identity(ctx)
		must(t, err)
		if named := a[emulator.AuditAppID] != "servicePrincipal"; own.ClientID != clientID || (all[0].App == clientID) != named || all[1].App != "" {
			t.Errorf("the records name %q and %q, the token %q", all[0].App, all[1].App, own.ClientID)
		}
		printed, err := json.Marshal(all)
		must(t, err)
		clean(t, "a record", string(printed)+fmt.Sprintf("%+v", all))
	})
}

func TestOddAuditRecords(t *testing.T) {
	for name, tc := range map[string]struct {
		record string
		want   graph.AuditRecord
	}{
		"nothing in it":                {`{}`, graph.AuditRecord{}},
		"other types everywhere":       {`{"id":1,"activityDateTime":2,"result":3,"activityDisplayName":[],"initiatedBy":{"app":{"appId":{}}},"targetResources":[{"id":5}]}`, graph.AuditRecord{ByApp: true}},
		"a person, and an application": {`{"initiatedBy":{"user":{"id":"x"},"app":{}}}`, graph.AuditRecord{}},
		"null for all":                 {`{"id":null,"initiatedBy":null,"targetResources":null}`, graph.AuditRecord{}},
		"an application and a name":    {`{"initiatedBy":{"app":{"appId":"` + strings.ToUpper(clientID) + `"}},"targetResources":[{"id":"ada@contoso.example"}]}`, graph.AuditRecord{App: clientID, ByApp: true}},
		"two targets, one twice": {
			`{"id":"x","result":"failure","activityDateTime":"2030-01-02T03:04:05.1234567Z","targetResources":[{"id":"` + strings.ToUpper(adaID) + `"},{"id":"` + bobID + `"},{"id":"` + adaID + `"}]}`,
			graph.AuditRecord{ID: "x", At: time.Date(2030, 1, 2, 3, 4, 5, 123456700, time.UTC), Failed: true, Users: []string{adaID, bobID}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, over(func(r *http.Request) (*http.Response, error) {
				return reply{status: 200, body: `{"value":[` + tc.record + `]}`}.response(r), nil
			}))
			p, err := c.AuditRecords(context.Background(), time.Now(), "")
			must(t, err)
			if d := cmp.Diff([]graph.AuditRecord{tc.want}, p.Rows); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// Of the link to the next page the query is taken, and no more.
func TestTheNextPageIsAskedForAtTheSameAddress(t *testing.T) {
	links := []string{`"https://elsewhere.example/steal?$skiptoken=2"`, `"https://elsewhere.example/steal?$skiptoken=2"`}
	var asked []string
	c := newClient(t, over(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.Host+r.URL.Path+"?"+r.URL.RawQuery)
		return reply{status: 200, body: `{"value":[],"@odata.nextLink":` + links[len(asked)-1] + `}`}.response(r), nil
	}))
	p, err := c.Registrations(context.Background(), "")
	must(t, err)
	if _, err = c.Registrations(context.Background(), p.Next); graph.KindOf(err) != graph.Unavailable {
		t.Errorf("a page that leads to itself: %v", err)
	}
	const path = "graph.example/v1.0/reports/authenticationMethods/userRegistrationDetails?"
	if d := cmp.Diff([]string{path + "$top=999", path + "$skiptoken=2"}, asked); d != "" {
		t.Errorf("asked for (-want +got):\n%s", d)
	}
}

func TestTheRegistrationReport(t *testing.T) {
	g := emulated(t)
	g.readsLogs(t)
	ctx := context.Background()
	for _, phoneType := range []string{emulator.Office, emulator.Mobile, emulator.AlternateMobile} {
		must(t, g.SetPhone(adaID, phoneType, "+1 2065550101"))
	}
	p, err := g.client.Registrations(ctx, "")
	must(t, err)
	types := map[string][]phone.Type{}
	for _, r := range p.Rows {
		types[r.User] = r.Types
	}
	want := map[string][]phone.Type{adaID: {phone.Mobile, phone.AlternateMobile, phone.Office}, bobID: nil}
	if d := cmp.Diff(want, types); d != "" || p.Next != "" {
		t.Errorf("%s, next %q", d, p.Next)
	}
	must(t, g.AddTenant(emulator.Tenant{ID: tenantID, WithoutP1: true}))
	if _, err := g.client.Registrations(ctx, ""); graph.KindOf(err) != graph.Restricted {
		t.Errorf("without a licence: %v", err)
	}
}

func TestWhatIsMissingToReadTheAuditLog(t *testing.T) {
	for _, tc := range []struct{ has, want []string }{
		{nil, []string{"AuditLog.Read.All", "Directory.Read.All"}},
		{[]string{"AuditLog.Read.All"}, []string{"Directory.Read.All"}},
		{[]string{"Directory.ReadWrite.All"}, []string{"AuditLog.Read.All"}},
		{[]string{"AuditLog.Read.All", "Directory.Read.All"}, nil},
	} {
		if d := cmp.Diff(tc.want, graph.MissingForAudits(tc.has)); d != "" {
			t.Errorf("with %v (-want +got):\n%s", tc.has, d)
		}
	}
}
