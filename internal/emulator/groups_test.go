package emulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
)

func TestOwnedObjects(t *testing.T) {
	g := staffed(t, func(o *emulator.Options) { o.PageSize = 1 })
	must(t, g.UpdateUser(guestID, func(u *emulator.User) { u.OwnedGroups = []string{deskID, outerID} }))
	g.allow("GroupMember.Read.All")
	path := "/v1.0/users/" + guestID + "/ownedObjects"
	first := g.do("GET", path, "")
	next, _ := first.json()["@odata.nextLink"].(string)
	rest := g.do("GET", strings.TrimPrefix(next, g.server.URL), "")
	if d := cmp.Diff([]any{"Help Desk", "Everybody"}, append(first.names(), rest.names()...)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]any{true, nil}, append(first.column("isAssignableToRole"), rest.column("isAssignableToRole")...)); d != "" {
		t.Error(d)
	}
	if none := g.do("GET", "/v1.0/users/"+adaID+"/ownedObjects", "").names(); len(none) > 0 {
		t.Errorf("ada owns %v", none)
	}
}

// Which permissions for groups open ownedObjects is assumed.
func TestPermissionsOfOwnedObjects(t *testing.T) {
	for opens, status := range map[string]int{"groups": 200, "users": 403} {
		g := start(t)
		must(t, g.SetAssumptions(emulator.Assumptions{emulator.OwnedObjects: opens}))
		for permission, status := range map[string]int{"User.Read.All": 200, "GroupMember.Read.All": status} {
			g.allow(permission)
			if got := g.do("GET", "/v1.0/users/"+adaID+"/ownedObjects", "").status; got != status {
				t.Errorf("%s, where those for %s do: %d, want %d", permission, opens, got, status)
			}
		}
	}
}

func TestOneGroup(t *testing.T) {
	g := staffed(t)
	g.allow("GroupMember.Read.All")
	desk := g.do("GET", "/v1.0/groups/"+strings.ToUpper(deskID)+"?$select=id,displayName,isAssignableToRole", "").json()
	if desk["displayName"] != "Help Desk" || desk["isAssignableToRole"] != true || desk["securityEnabled"] != nil {
		t.Errorf("%v", desk)
	}
	g.do("GET", "/v1.0/groups/"+guestID, "").wants(404, "Request_ResourceNotFound")
	g.do("GET", "/v1.0/groups/"+deskID+"?$expand=owners", "").wants(400, "Request_UnsupportedQuery")
}

func TestGroupsThatMayBeJoinedOnDemand(t *testing.T) {
	const permission = "PrivilegedEligibilitySchedule.Read.AzureADGroup"
	g := staffed(t, func(o *emulator.Options) { o.PageSize = 1 })
	must(t, g.UpdateUser(adaID, func(u *emulator.User) {
		u.EligibleGroups = []emulator.EligibleGroup{{Group: deskID}, {Group: outerID, Access: "owner"}}
	}))
	path := "/v1.0/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances"
	ofAda := path + "?$filter=principalId%20eq%20'" + adaID + "'"
	g.allow(permission)
	g.do("GET", path, "").wants(400, "MissingParameters")
	first := g.do("GET", ofAda, "")
	next, _ := first.json()["@odata.nextLink"].(string)
	rest := g.do("GET", strings.TrimPrefix(next, g.server.URL), "")
	for column, want := range map[string][]any{
		"groupId": {deskID, outerID}, "accessId": {"member", "owner"}, "principalId": {adaID, adaID},
	} {
		if d := cmp.Diff(want, append(first.column(column), rest.column(column)...)); d != "" {
			t.Error(d)
		}
	}
	if since := first.column("startDateTime"); since[0] == nil {
		t.Error("it begins at no time")
	}
	must(t, g.AddTenant(emulator.Tenant{ID: tenantID, WithoutP2: true}))
	g.do("GET", ofAda, "").wants(400, "AadPremiumLicenseRequired")

	if err := g.UpdateUser(adaID, func(u *emulator.User) { u.EligibleGroups = []emulator.EligibleGroup{{Group: deskID, Access: "friend"}} }); err == nil {
		t.Error("an access that there is not was taken")
	}
}

func TestAMemberOfARestrictedUnitIsRead(t *testing.T) {
	for name, tc := range map[string]struct {
		permissions []string
		post        int
	}{
		"and not written":                            {nil, http.StatusForbidden},
		"and written by who may write what is so":    {[]string{"Directory.Write.Restricted"}, http.StatusCreated},
		"and not written by who may write the users": {[]string{"User.ReadWrite.All", "Directory.ReadWrite.All"}, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			g := start(t)
			must(t, g.SetPhone(adaID, "mobile", "+1 2065550100"))
			must(t, g.UpdateUser(adaID, func(u *emulator.User) { u.ManagementRestricted = true }))
			g.allow(append(tc.permissions, "UserAuthMethod-Phone.ReadWrite.All", "User.Read.All")...)
			g.do("GET", phones(adaID), "").wants(200, "")
			if shown := g.do("GET", "/v1.0/users/"+adaID+"?$select=isManagementRestricted", "").json()["isManagementRestricted"]; shown != true {
				t.Errorf("isManagementRestricted is %v", shown)
			}
			g.do("POST", phones(adaID), phoneJSON("+1 2065550101", "office")).wants(tc.post, "")
			if tc.post != http.StatusForbidden {
				return
			}
			const denied = "Authorization_RequestDenied"
			g.do("POST", phones(adaID), phoneJSON("+1 2065550101", "office")).wants(403, denied)
			g.do("PATCH", phones(adaID, "/"+mobileID), phoneJSON("+1 2065550101", "mobile")).wants(403, denied)
			g.do("DELETE", phones(adaID, "/"+mobileID), "").wants(403, denied)
			g.do("POST", phones(adaID, "/"+mobileID, "/enableSmsSignIn"), "").wants(403, denied)
			g.do("POST", phones(bobID), phoneJSON("+1 2065550102", "office")).wants(201, "")
		})
	}
}
