package emulator_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
)

var (
	globalAdmin = emulator.Role{TemplateID: "62e90394-69f5-4237-9190-012177145e10", DisplayName: "Global Administrator"}
	helpdesk    = emulator.Role{TemplateID: "729827e3-9c14-49f7-bb1b-9608f156bbb8", DisplayName: "Helpdesk Administrator"}
)

const (
	deskID  = "0f1c0000-0000-4000-8000-0000000000a1"
	outerID = "0f1c0000-0000-4000-8000-0000000000a2"
)

// staffed is a tenant in which Ada is an administrator, and Bob may become one and
// is in the help desk.
func staffed(t *testing.T, options ...option) *graph {
	g := start(t, options...)
	must(t, g.AddGroup(emulator.Group{ID: outerID, DisplayName: "Everybody"}))
	must(t, g.AddGroup(emulator.Group{ID: deskID, DisplayName: "Help Desk", IsAssignableToRole: new(true), Roles: []emulator.Role{helpdesk}, MemberOf: []string{outerID}}))
	must(t, g.UpdateUser(adaID, func(u *emulator.User) { u.Roles = []emulator.Role{globalAdmin} }))
	must(t, g.UpdateUser(bobID, func(u *emulator.User) {
		u.EligibleRoles, u.Groups = []emulator.Role{globalAdmin}, []string{deskID}
	}))
	return g
}

var eventual = map[string]string{"ConsistencyLevel": "eventual"}

// column gives one property of the rows of an answer.
func (r reply) column(name string) []any {
	r.t.Helper()
	r.wants(200, "")
	column := []any{}
	for _, row := range r.json()["value"].([]any) {
		column = append(column, row.(map[string]any)[name])
	}
	return column
}

// names gives the column displayName.
func (r reply) names() []any { return r.column("displayName") }

func TestMembershipsHoldGroupsAndRoles(t *testing.T) {
	g := staffed(t)
	must(t, g.AddTenant(emulator.Tenant{ID: tenantID, ListsGroupRoles: true}))
	g.allow("User.Read.All", "GroupMember.Read.All", "RoleManagement.Read.Directory")
	path := "/v1.0/users/" + bobID + "/transitiveMemberOf"
	all := g.do("GET", path, "")
	if d := cmp.Diff([]any{"#microsoft.graph.group", "#microsoft.graph.group", "#microsoft.graph.group", "#microsoft.graph.directoryRole"}, all.column("@odata.type")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]any{"All Users", "Help Desk", "Everybody", helpdesk.DisplayName}, all.names()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]any{nil, true, nil, nil}, all.column("isAssignableToRole")); d != "" {
		t.Error(d)
	}
	must(t, g.UpdateUser(bobID, func(u *emulator.User) { u.Roles = []emulator.Role{helpdesk} }))
	if again := g.do("GET", path, "").names(); len(again) != 4 {
		t.Errorf("a role held twice is listed twice: %v", again)
	}
	g.do("GET", path+"?$count=true", "").wants(400, "Request_UnsupportedQuery")
	if n := g.eventually(path + "?$count=true&$select=id").json()["@odata.count"]; n != 4.0 {
		t.Errorf("count %v", n)
	}
	g.do("GET", path+"?$filter=id%20eq%20'x'", "").wants(400, "Request_UnsupportedQuery")
}

func TestMembershipsDoNotHoldAllRoles(t *testing.T) {
	unit := "/administrativeUnits/0f1c0000-0000-4000-8000-0000000000e1"
	for name, change := range map[string]func(*emulator.User){
		"those held through a group":       func(u *emulator.User) { u.Groups = []string{deskID} },
		"those over a part of the tenant":  func(u *emulator.User) { u.Roles = []emulator.Role{{TemplateID: helpdesk.TemplateID, Scope: unit}} },
		"those that the tenant made":       func(u *emulator.User) { u.Roles = []emulator.Role{{TemplateID: outerID, Custom: true}} },
		"those that the user may activate": func(u *emulator.User) { u.EligibleRoles = []emulator.Role{helpdesk} },
	} {
		t.Run(name, func(t *testing.T) {
			g := staffed(t)
			must(t, g.UpdateUser(guestID, change))
			for _, kind := range g.do("GET", "/v1.0/users/"+guestID+"/transitiveMemberOf", "").column("@odata.type") {
				if kind != "#microsoft.graph.group" {
					t.Errorf("a row is a %v", kind)
				}
			}
		})
	}
}

func TestAGroupShowsWhetherItMayHoldRolesInThreeShapes(t *testing.T) {
	g := start(t)
	g.allow("GroupMember.Read.All")
	must(t, g.AddGroup(emulator.Group{ID: deskID, DisplayName: "Help Desk", IsAssignableToRole: new(true)}))
	must(t, g.AddGroup(emulator.Group{ID: outerID, DisplayName: "Sales", IsAssignableToRole: new(false)}))
	must(t, g.UpdateUser(adaID, func(u *emulator.User) { u.Groups = []string{deskID, outerID} }))
	rows := g.do("GET", "/v1.0/users/"+adaID+"/transitiveMemberOf", "")
	if d := cmp.Diff([]any{nil, true, false}, rows.column("isAssignableToRole")); d != "" {
		t.Error(d)
	}
}

func TestWithoutPermissionForATypeOnlyItsIDShows(t *testing.T) {
	g := staffed(t)
	g.allow("User.Read.All")
	all := g.do("GET", "/v1.0/users/"+bobID+"/transitiveMemberOf", "")
	if d := cmp.Diff([]any{nil, nil, nil}, all.names()); d != "" {
		t.Error(d)
	}
	if ids := all.column("id"); ids[1] != deskID || ids[2] == nil {
		t.Errorf("ids %v", ids)
	}
}

func TestManyMembershipsComeInPages(t *testing.T) {
	g := staffed(t, func(o *emulator.Options) { o.PageSize = 2 })
	first := g.do("GET", "/v1.0/users/"+bobID+"/transitiveMemberOf", "")
	next, _ := first.json()["@odata.nextLink"].(string)
	rest := g.do("GET", strings.TrimPrefix(next, g.server.URL), "")
	if len(first.column("id")) != 2 || len(rest.column("id")) != 1 || rest.json()["@odata.nextLink"] != nil {
		t.Errorf("%s\n%s", first.body, rest.body)
	}
}

func TestRoleAssignmentsNameTheirHolder(t *testing.T) {
	g := staffed(t)
	path := "/v1.0/roleManagement/directory/roleAssignments"
	for query, want := range map[string][]any{
		"?$filter=principalId%20eq%20'" + adaID + "'":                  {globalAdmin.TemplateID},
		"?$filter=principalId%20eq%20'" + strings.ToUpper(adaID) + "'": {globalAdmin.TemplateID},
		"?$filter=principalId%20eq%20'" + bobID + "'":                  {}, // his is the group's
		"?$filter=principalId%20eq%20'" + deskID + "'":                 {helpdesk.TemplateID},
	} {
		if d := cmp.Diff(want, g.do("GET", path+query, "").column("roleDefinitionId")); d != "" {
			t.Errorf("%s: %s", query, d)
		}
	}
	g.do("GET", path, "").wants(400, "Request_UnsupportedQuery")
	g.do("GET", path+"?$filter=principalId%20eq%20'x'&$select=shoeSize", "").wants(400, "BadRequest")
	g.do("GET", path+"?$expand=principal", "").wants(400, "Request_UnsupportedQuery")
	g.do("GET", path+"?$filter=directoryScopeId%20eq%20'/'", "").wants(400, "Request_UnsupportedQuery")
}

func TestAnAssignmentShowsItsScope(t *testing.T) {
	const unit = "/administrativeUnits/0f1c0000-0000-4000-8000-0000000000e1"
	g := start(t)
	must(t, g.UpdateUser(adaID, func(u *emulator.User) {
		u.Roles = []emulator.Role{helpdesk, {TemplateID: helpdesk.TemplateID, Scope: unit}, {TemplateID: outerID, Custom: true}}
		u.EligibleRoles = []emulator.Role{{TemplateID: helpdesk.TemplateID, Scope: unit}}
	}))
	of := "?$filter=principalId%20eq%20'" + adaID + "'"
	assigned := g.do("GET", "/v1.0/roleManagement/directory/roleAssignments"+of, "")
	if d := cmp.Diff([]any{"/", unit, "/"}, assigned.column("directoryScopeId")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]any{helpdesk.TemplateID, helpdesk.TemplateID, outerID}, assigned.column("roleDefinitionId")); d != "" {
		t.Error(d)
	}
	eligible := g.do("GET", "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances"+of, "")
	if since := eligible.column("startDateTime"); len(since) != 1 || since[0] == nil || eligible.column("directoryScopeId")[0] != unit {
		t.Errorf("%s", eligible.body)
	}
}

func TestRoleEligibility(t *testing.T) {
	g := staffed(t)
	path := "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances?$filter=principalId%20eq%20'" + bobID + "'"
	r := g.do("GET", path, "")
	if d := cmp.Diff([]any{globalAdmin.TemplateID}, r.column("roleDefinitionId")); d != "" {
		t.Error(d)
	}
	must(t, g.AddTenant(emulator.Tenant{ID: tenantID, WithoutP2: true}))
	g.do("GET", path, "").wants(400, "AadPremiumLicenseRequired")
}
