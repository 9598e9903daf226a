package emulator_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
)

// What is opened by no permission is refused in the words of the service that is asked.
func TestWhatEachPermissionOpens(t *testing.T) {
	user, ofBob := "/v1.0/users/"+bobID, "?$filter=principalId%20eq%20'"+bobID+"'"
	requests := map[string]request{
		"list":       {method: "GET", path: phones(bobID)},
		"get":        {method: "GET", path: phones(bobID, "/", mobileID)},
		"count":      {method: "GET", path: phones(bobID, "/$count")},
		"create":     {method: "POST", path: phones(bobID), body: phoneJSON(two, "office")},
		"update":     {method: "PATCH", path: phones(bobID, "/", mobileID), body: phoneJSON(two, "mobile")},
		"delete":     {method: "DELETE", path: phones(bobID, "/", mobileID)},
		"methods":    {method: "GET", path: user + "/authentication/methods"},
		"user":       {method: "GET", path: user + "?$select=id,userPrincipalName"},
		"account":    {method: "GET", path: user + "?$select=id,accountEnabled"},
		"users":      {method: "GET", path: "/v1.0/users?$select=id&$filter=id%20eq%20'" + bobID + "'"},
		"member of":  {method: "GET", path: user + "/transitiveMemberOf"},
		"owned":      {method: "GET", path: user + "/ownedObjects"},
		"group":      {method: "GET", path: "/v1.0/groups/" + deskID},
		"members":    {method: "GET", path: "/v1.0/groups/" + deskID + "/transitiveMembers/microsoft.graph.user?$count=true", header: eventual},
		"roles":      {method: "GET", path: "/beta/roleManagement/directory/roleAssignments" + ofBob},
		"may have":   {method: "GET", path: "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances" + ofBob},
		"may join":   {method: "GET", path: "/v1.0/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances" + ofBob},
		"the report": {method: "GET", path: registrations},
	}
	denied := func(name string) string {
		switch path := requests[name].path; {
		case strings.Contains(path, "/authentication/"):
			return "accessDenied"
		case path == registrations:
			return "Authentication_MSGraphPermissionMissing"
		}
		return "Authorization_RequestDenied"
	}
	const userWide = "user, account, users, member of, owned"
	for permission, opens := range map[string]string{
		"UserAuthMethod-Phone.Read.All":                   "list, get, count",
		"UserAuthMethod-Phone.ReadWrite.All":              "list, get, count, create, update, delete",
		"UserAuthenticationMethod.Read.All":               "list, get, count, methods",
		"UserAuthenticationMethod.ReadWrite.All":          "list, get, count, create, update, delete, methods",
		"User.ReadBasic.All":                              "user, users",
		"User.Read.All":                                   userWide,
		"Directory.Read.All":                              userWide + ", group, members, roles",
		"GroupMember.Read.All":                            "member of, owned, group, members",
		"RoleManagement.Read.Directory":                   "roles, may have",
		"RoleManagement.Read.All":                         "roles",
		"RoleEligibilitySchedule.Read.Directory":          "may have",
		"PrivilegedEligibilitySchedule.Read.AzureADGroup": "may join",
		"AuditLog.Read.All":                               "the report",
		"Directory.Write.Restricted":                      "",
	} {
		t.Run(permission, func(t *testing.T) {
			g := staffed(t)
			must(t, g.SetPhone(bobID, emulator.Mobile, one))
			g.allow(permission)
			var open []string
			try := func(name string) {
				if r := g.send(requests[name]); r.status < 300 {
					open = append(open, name)
				} else {
					r.wants(403, denied(name))
				}
			}
			for _, name := range slices.Sorted(maps.Keys(requests)) {
				if name != "delete" {
					try(name)
				}
			}
			try("delete") // what the others need
			want := strings.FieldsFunc(opens, func(r rune) bool { return r == ',' })
			for i := range want {
				want[i] = strings.TrimSpace(want[i])
			}
			if d := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(open))); d != "" {
				t.Errorf("what it opens (-want +got):\n%s", d)
			}
		})
	}
}
