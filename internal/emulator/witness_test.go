package emulator_test

import (
	"regexp"
	"testing"

	"github.com/entraops/phone-operator/internal/emulator"
)

// TestAnswersThatWereSeen holds the emulator against answers of the real service:
// recorded ones, those that people quoted, and those that clients in production are
// written for. source says in short where from.
func TestAnswersThatWereSeen(t *testing.T) {
	users := "/v1.0/users/"
	both := has{"mobile": one, "alternateMobile": two}
	for name, c := range map[string]struct {
		source  string
		given   func(*graph)
		request func(*graph) reply
		status  int
		code    string // "" where no witness has it
		message string // pattern; "" where no witness has it
	}{
		"the audit log without a permission": {
			source:  "several clients branch on the code, as of /auditLogs/signIns and of userRegistrationDetails",
			given:   func(g *graph) { g.allow("Directory.Read.All") },
			request: func(g *graph) reply { return g.do("GET", "/v1.0/auditLogs/directoryAudits", "") },
			status:  403, code: "Authentication_MSGraphPermissionMissing",
		},
		"the registration report without a licence": {
			source: "microsoft-graph-docs-contrib#3808, of the report's predecessor",
			given: func(g *graph) {
				g.readsLogs()
				must(g.t, g.AddTenant(emulator.Tenant{ID: tenantID, WithoutP1: true}))
			},
			request: func(g *graph) reply { return g.do("GET", registrations, "") },
			status:  403, code: "Authentication_RequestFromNonPremiumTenantOrB2CTenant", message: "doesn't have premium license",
		},
		"a second phone of one type": {
			source:  "IdentityMan/AzureAD#1 (400); the phrase from Microsoft's B2C migration kit",
			given:   func(g *graph) { g.with(has{"mobile": one}) },
			request: func(g *graph) reply { return g.do("POST", phones(adaID), phoneJSON(two, "mobile")) },
			status:  400, message: "already registered",
		},
		"a number that is none, in the right form": {
			source:  "a bulk registration script, three versions: it branches on the code after POST",
			request: func(g *graph) reply { return g.do("POST", phones(adaID), phoneJSON("+1 5550100", "mobile")) },
			code:    "invalidPhoneNumber", status: 400,
		},
		"the mobile goes before the alternateMobile": {
			source:  "Tools4ever HelloID, MFA reset",
			given:   func(g *graph) { g.with(both) },
			request: func(g *graph) reply { return g.do("DELETE", phones(adaID, "/", mobileID), "") },
			status:  400, message: "without first deleting alternate mobile number",
		},
		"the default goes while others are there": {
			source: "microsoft-graph-docs-contrib#1888",
			given: func(g *graph) {
				g.with(has{"mobile": one, "office": two})
				must(g.t, g.UpdateUser(adaID, func(u *emulator.User) { u.DefaultMethod = emulator.Mobile }))
			},
			request: func(g *graph) reply { return g.do("DELETE", phones(adaID, "/", mobileID), "") },
			status:  400, code: "badRequest", message: `^The requested authentication method id of \[` + mobileID +
				`\] matches the user's current default authentication method, and cannot be deleted until the default authentication method is changed$`,
		},
		"the default goes as the last one": {
			source: "HelloID, full MFA reset: README",
			given: func(g *graph) {
				g.with(has{"mobile": one})
				must(g.t, g.UpdateUser(adaID, func(u *emulator.User) { u.DefaultMethod = emulator.Mobile }))
			},
			request: func(g *graph) reply { return g.do("DELETE", phones(adaID, "/", mobileID), "") },
			status:  204,
		},
		"a phone that is not there": {
			source:  "Microsoft's B2C migration kit: no mobile is a 404",
			request: func(g *graph) reply { return g.do("GET", phones(adaID, "/", mobileID), "") },
			status:  404,
		},
		"a user nobody knows, below authentication": {
			source:  "manicminer/hamilton retries it for new users",
			request: func(g *graph) reply { return g.do("POST", phones(officeID), phoneJSON(one, "mobile")) },
			status:  404,
		},
		"a number that another user signs in with": {
			source: "realmjoin-runbooks, set-or-remove-mobile-phone-MFA",
			given: func(g *graph) {
				must(g.t, g.UpdateUser(adaID, allowSMS))
				must(g.t, g.UpdateUser(bobID, allowSMS))
				g.do("POST", phones(bobID), phoneJSON(one, "mobile")).wants(201, "")
			},
			request: func(g *graph) reply { return g.do("POST", phones(adaID), phoneJSON(one, "mobile")) },
			status:  409, code: "phoneNumberNotUnique",
		},
		"a verb that is not routed": {
			source:  "msgraph-sdk-powershell#278, #445",
			request: func(g *graph) reply { return g.do("PUT", phones(adaID, "/", mobileID), phoneJSON(one, "mobile")) },
			status:  404, code: "UnknownError",
			message: `^\{"Message":"No HTTP resource was found that matches the request URI 'https://mface\.windowsazure\.com/odata/users\('` +
				adaID + `'\)/authentication/phoneMethods\('` + mobileID + `'\)'\.","MessageDetail":"No type was found that matches the controller named 'users'\."\}$`,
		},
		"DELETE of a method by the general list": {
			source:  "microsoft-graph-docs-contrib#1267 (2023)",
			request: func(g *graph) reply { return g.do("DELETE", users+adaID+"/authentication/methods/"+mobileID, "") },
			status:  404, code: "UnknownError", message: "No HTTP resource was found",
		},
		"a path that the model does not know": {
			source:  "a forum's transcript of a misspelt path",
			request: func(g *graph) reply { return g.do("GET", users+adaID+"/authentication/phones", "") },
			status:  400, code: "badRequest", message: "Resource not found for segment 'phones'",
		},
		"$top on the list of methods": {
			source:  "CIPP's front end asks so",
			request: func(g *graph) reply { return g.do("GET", users+adaID+"/authentication/methods?$top=99", "") },
			status:  200,
		},
		"a query option that is not served": {
			source:  "the policy endpoint of the same service",
			request: func(g *graph) reply { return g.do("GET", users+adaID+"/authentication/methods?$select=id", "") },
			status:  400, message: "Query option 'Select' is not allowed",
		},
		"no permission for phones": {
			source:  "msgraph-sdk-go#441, cli-microsoft365's tests",
			given:   func(g *graph) { g.allow("User.Read.All") },
			request: func(g *graph) reply { return g.do("GET", phones(adaID), "") },
			status:  403, code: "accessDenied", message: "^Request Authorization failed$",
		},
		"no permission for the directory": {
			source:  "Microsoft's page on $batch",
			given:   func(g *graph) { g.allow("UserAuthMethod-Phone.ReadWrite.All") },
			request: func(g *graph) reply { return g.do("GET", users+adaID, "") },
			status:  403, code: "Authorization_RequestDenied", message: "^Insufficient privileges to complete the operation",
		},
		"a user nobody knows": {
			source:  "many reports",
			request: func(g *graph) reply { return g.do("GET", users+officeID, "") },
			status:  404, code: "Request_ResourceNotFound",
			message: "^Resource '" + officeID + "' does not exist or one of its queried reference-property objects are not present",
		},
		"basic properties with User.ReadBasic.All": {
			source:  "terraform-provider-azuread#948",
			given:   func(g *graph) { g.allow("User.ReadBasic.All") },
			request: func(g *graph) reply { return g.do("GET", users+adaID+"?$select=id,userPrincipalName", "") },
			status:  200,
		},
		"other properties with User.ReadBasic.All": {
			source:  "Yvand/EntraCP#265",
			given:   func(g *graph) { g.allow("User.ReadBasic.All") },
			request: func(g *graph) reply { return g.do("GET", users+adaID+"?$select=id,userType", "") },
			status:  403, code: "Authorization_RequestDenied",
		},
		"a verb that the directory does not serve": {
			source:  "Microsoft's page on $batch",
			request: func(g *graph) reply { return g.do("PATCH", users+adaID, "{}") },
			status:  405, code: "Request_BadRequest", message: "^Specified HTTP method is not allowed for the request target",
		},
		"eligible roles without the licence": {
			source: "three clients of 2026 that handle it",
			given: func(g *graph) {
				must(g.t, g.AddTenant(emulator.Tenant{ID: tenantID, WithoutP2: true}))
			},
			request: func(g *graph) reply {
				return g.do("GET", "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances", "")
			},
			status: 400, code: "AadPremiumLicenseRequired", message: "^The tenant needs to have",
		},
		"the directory is asked too often": {
			source:  "jsa2/AADAppAudit#9",
			given:   func(g *graph) { g.SetThrottle(emulator.Throttle{Class: emulator.Directory, Requests: 1}) },
			request: func(g *graph) reply { g.do("GET", users+adaID, ""); return g.do("GET", users+adaID, "") },
			status:  429, code: "TooManyRequests", message: "^Too many requests from Identifier:.* under category:aadgraph.app.tenant_large",
		},
		"more requests than a batch holds": {
			source: "microsoftgraph-postman-collections#9",
			request: func(g *graph) reply {
				return g.batch(repeated(21)...)
			},
			status: 400, message: `^Number of requests inside batch exceed\(s\) the limit\.$`,
		},
		"a write in a batch without its body": {
			source: "pnp/pnpcore",
			request: func(g *graph) reply {
				return g.batch(object{"id": "1", "method": "POST", "url": "/users/" + adaID + "/authentication/phoneMethods/" + mobileID + "/enableSmsSignIn"})
			},
			status: 400, message: `^Write request id : 1 does not contain Content-Type header or body\.$`,
		},
		"a batch of which some depend and some do not": {
			source: "microsoft-graph-docs#16280",
			request: func(g *graph) reply {
				return g.batch(get("1", "/users/"+adaID), get("2", "/users/"+adaID, "1"), get("3", "/users/"+bobID))
			},
			status: 400, message: `^Batch should be either fully sequential or fully parallel\.$`,
		},
		"a request of a batch that depends on a later one": {
			source: "msgraph-sdk-dotnet-core#891, msgraph-sdk-java-core#71",
			request: func(g *graph) reply {
				return g.batch(get("1", "/users/"+adaID, "2"), get("2", "/users/"+adaID))
			},
			status: 400, message: "^Invalid dependency for request Id",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.source == "" {
				t.Fatal("no witness")
			}
			g := start(t)
			if c.given != nil {
				c.given(g)
			}
			r := c.request(g)
			r.wants(c.status, c.code)
			if c.message == "" {
				return
			}
			said, _ := r.json()["error"].(map[string]any)["message"].(string)
			if !regexp.MustCompile(c.message).MatchString(said) {
				t.Errorf("message %q, want %s", said, c.message)
			}
		})
	}
}

func repeated(n int) []object {
	steps := make([]object, n)
	for i := range steps {
		steps[i] = get(string(rune('a'+i)), "/users/"+adaID)
	}
	return steps
}

// TestShapesThatWereSeen holds answers that succeed against samples and recordings.
func TestShapesThatWereSeen(t *testing.T) {
	g := start(t)
	list := g.do("GET", phones(adaUPN), "").json()
	if rows, ok := list["value"].([]any); !ok || len(rows) != 0 {
		t.Errorf("an empty list is %v, want a 200 with no rows (msgraph-beta-sdk-dotnet#506)", list["value"])
	}
	g.do("POST", phones(adaID), phoneJSON("+31612345678", "mobile")).wants(201, "")
	if got := g.numbers(adaID); len(got) != 1 || got[0] != "+31 612345678" {
		t.Errorf("a number sent without its space is shown as %v (HelloID, realmjoin)", got)
	}
	row := g.do("GET", phones(adaID), "").json()["value"].([]any)[0].(map[string]any)
	if _, typed := row["@odata.type"]; typed {
		t.Error("rows of phoneMethods carry no type (Microsoft's samples)")
	}
	for _, all := range g.do("GET", "/v1.0/users/"+adaID+"/authentication/methods", "").json()["value"].([]any) {
		row := all.(map[string]any)
		if row["@odata.type"] == nil {
			t.Error("rows of methods carry their type (Microsoft's samples)")
		}
		if row["@odata.type"] == "#microsoft.graph.passwordAuthenticationMethod" && row["createdDateTime"] != "2024-12-11T01:07:44Z" {
			t.Errorf("the password's date is %v, want one (Ping's OpenICF connector)", row["createdDateTime"])
		}
	}
	if r := g.do("PATCH", phones(adaID, "/", mobileID), phoneJSON(one, "mobile")); r.status != 204 || r.body != "" {
		t.Errorf("an update is answered %d %s, want 204 without a body (Microsoft's SDKs)", r.status, r.body)
	}
}
