package emulator_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
)

const oneillID = "0f1c0000-0000-4000-8000-000000000004"

func TestHowAUserIsNamed(t *testing.T) {
	g := start(t)
	must(t, g.AddUser(emulator.User{ID: oneillID, UPN: "o'neill@contoso.example"}))
	const dollarID = "0f1c0000-0000-4000-8000-000000000005"
	must(t, g.AddUser(emulator.User{ID: dollarID, UPN: "$x@contoso.example"}))
	for key, want := range map[string]string{
		"/" + adaID:                            adaID,
		"/" + strings.ToUpper(adaID):           adaID,
		"/" + adaUPN:                           adaID,
		"/ADA@Contoso.Example":                 adaID,
		"/ada%40contoso.example":               adaID,
		"('" + adaUPN + "')":                   adaID,
		"('" + adaID + "')":                    adaID,
		"(%27" + adaUPN + "%27)":               adaID,
		"/" + url.PathEscape(guestUPN):         guestID,
		"('" + url.PathEscape(guestUPN) + "')": guestID,
		"('o''neill@contoso.example')":         oneillID,
		"('o%27%27neill@contoso.example')":     oneillID,
		"('$x@contoso.example')":               dollarID,
		"/$x@contoso.example":                  "400 Request_BadRequest",
		"/o'neill@contoso.example":             "400 Request_BadRequest",
		"/o%27neill@contoso.example":           "400 Request_BadRequest",
		"('o'neill@contoso.example')":          "400 Request_BadRequest",
		"(" + adaID + ")":                      "400 Request_BadRequest",
		"('" + adaID + ")":                     "400 Request_BadRequest",
		"/nobody@contoso.example":              "404 Request_ResourceNotFound",
		"/" + officeID:                         "404 Request_ResourceNotFound",
	} {
		t.Run(key, func(t *testing.T) {
			r := g.do("GET", "/v1.0/users"+key+"?$select=id", "")
			if status, code, refused := strings.Cut(want, " "); refused {
				r.wants(map[string]int{"400": 400, "404": 404}[status], code)
				return
			}
			r.wants(200, "")
			if got := r.json()["id"]; got != want {
				t.Errorf("found %v, want %s", got, want)
			}
		})
	}
}

func TestPhonesAreReachedByEveryNameOfAMember(t *testing.T) {
	g := start(t)
	must(t, g.AddUser(emulator.User{ID: oneillID, UPN: "o'neill@contoso.example"}))
	for _, path := range []string{
		phones(adaID), phones(strings.ToUpper(adaUPN)), "/beta/users('" + adaUPN + "')/authentication/phoneMethods",
		"/v1.0/users('o''neill@contoso.example')/authentication/phoneMethods",
	} {
		g.do("GET", path, "").wants(200, "")
	}
	r := g.do("GET", phones(adaUPN), "")
	if got := r.json()["@odata.context"]; !strings.HasSuffix(got.(string), "/v1.0/$metadata#users('ada%40contoso.example')/authentication/phoneMethods") {
		t.Errorf("context %v", got)
	}
}

func TestAGuestsPhonesAreReachedByObjectIDOnly(t *testing.T) {
	g := start(t)
	g.do("GET", phones(guestID), "").wants(200, "")
	g.do("GET", phones(url.PathEscape(guestUPN)), "").wants(404, "resourceNotFound")
	g.do("GET", phones("nobody@contoso.example"), "").wants(404, "resourceNotFound")
}

func TestWhatIsShownOfAUser(t *testing.T) {
	g := start(t)
	must(t, g.UpdateUser(adaID, func(u *emulator.User) { u.Disabled, u.DisplayName = true, "Ada" }))
	r := g.do("GET", "/v1.0/users/"+adaID+"?$select=id,userPrincipalName,%20userType,accountEnabled,displayName", "")
	want := map[string]any{
		"@odata.context": g.server.URL + "/v1.0/$metadata#users(id%2CuserPrincipalName%2CuserType%2CaccountEnabled%2CdisplayName)/$entity",
		"id":             adaID, "userPrincipalName": adaUPN, "userType": "Member", "accountEnabled": false, "displayName": "Ada",
	}
	if d := cmp.Diff(want, r.json()); d != "" {
		t.Error(d)
	}
	r = g.do("GET", "/v1.0/users/"+adaID, "")
	if _, shown := r.json()["userType"]; shown || r.json()["mail"] != nil || r.json()["displayName"] != "Ada" {
		t.Errorf("the default properties: %v", r.json())
	}
	g.do("GET", "/v1.0/users/"+adaID+"?$select=shoeSize", "").wants(400, "BadRequest")
	g.do("GET", "/v1.0/users/"+adaID+"?select=id&$select=id", "").wants(400, "BadRequest")
	g.do("GET", "/v1.0/users/"+adaID+"?select=id&ours=1", "").wants(200, "")
	g.do("PATCH", "/v1.0/users/"+adaID, "{}").wants(405, "Request_BadRequest")
}

func TestReadBasicMayBeWorthNothing(t *testing.T) {
	g := start(t)
	must(t, g.SetAssumptions(emulator.Assumptions{emulator.ReadBasic: "nothing"}))
	g.allow("User.ReadBasic.All")
	for _, path := range []string{"/v1.0/users/" + adaID + "?$select=id", "/v1.0/users/nobody@contoso.example", "/v1.0/users"} {
		g.do("GET", path, "").wants(403, "Authorization_RequestDenied")
	}
	g.allow("User.Read.All")
	g.do("GET", "/v1.0/users/"+adaID, "").wants(200, "")
}

func TestUsersAreListedAndFiltered(t *testing.T) {
	g := start(t, func(o *emulator.Options) { o.PageSize = 2 })
	must(t, g.AddUser(emulator.User{ID: oneillID, UPN: "o'neill@contoso.example"}))
	ids := func(path string) (ids []string, next string) {
		t.Helper()
		r := g.do("GET", path, "")
		r.wants(200, "")
		for _, row := range r.json()["value"].([]any) {
			ids = append(ids, row.(map[string]any)["id"].(string))
		}
		next, _ = r.json()["@odata.nextLink"].(string)
		return ids, strings.TrimPrefix(next, g.server.URL)
	}
	for filter, want := range map[string][]string{
		"userPrincipalName eq 'Ada@contoso.example'":      {adaID},
		"userPrincipalName eq 'o''neill@contoso.example'": {oneillID},
		"userPrincipalName eq '" + guestUPN + "'":         {guestID},
		"userPrincipalName eq 'nobody@contoso.example'":   nil,
	} {
		got, _ := ids("/v1.0/users?$filter=" + url.QueryEscape(filter))
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", filter, d)
		}
	}
	for _, filter := range []string{
		"userPrincipalName eq 'o'neill@contoso.example'", "userPrincipalName ne 'x'", "shoeSize eq '1'",
		"id eq 'a' or id eq 'b'", "id eq", "id in ('a')", "id eq a", "",
	} {
		g.do("GET", "/v1.0/users?$filter="+url.QueryEscape(filter), "").wants(400, "Request_UnsupportedQuery")
	}
	first, next := ids("/v1.0/users?$select=id")
	second, end := ids(next)
	if d := cmp.Diff([]string{adaID, bobID, guestID, oneillID}, append(first, second...)); d != "" || end != "" {
		t.Errorf("two pages: %s, then %q", d, end)
	}
	g.do("GET", "/v1.0/users?$skiptoken=abc", "").wants(400, "Request_UnsupportedQuery")
	g.do("GET", "/v1.0/users?$count=true", "").wants(400, "Request_UnsupportedQuery")
	for _, top := range []string{"0", "1000", "many"} {
		g.do("GET", "/v1.0/users?$top="+top, "").wants(400, "Request_UnsupportedQuery")
	}
	if got, _ := ids("/v1.0/users?$top=3"); len(got) != 3 {
		t.Errorf("$top=3 gives %d", len(got))
	}
}

func TestANewAccountIsNotThereAtOnce(t *testing.T) {
	g := start(t)
	must(t, g.AddUser(emulator.User{ID: oneillID, UPN: "new@contoso.example", HiddenFor: 2}))
	g.do("GET", "/v1.0/users/new@contoso.example", "").wants(404, "Request_ResourceNotFound")
	g.do("POST", phones(oneillID), phoneJSON(one, "mobile")).wants(404, "resourceNotFound")
	g.do("POST", phones(oneillID), phoneJSON(one, "mobile")).wants(201, "")
}

func TestARenamedUserKeepsTheObjectID(t *testing.T) {
	g := start(t)
	must(t, g.SetPhone(adaID, emulator.Mobile, one))
	must(t, g.RenameUser(adaID, "lovelace@contoso.example"))
	g.do("GET", "/v1.0/users/"+adaUPN, "").wants(404, "Request_ResourceNotFound")
	g.do("GET", phones("lovelace@contoso.example", "/", mobileID), "").wants(200, "")
	if err := g.RenameUser(adaID, "bob@contoso.example"); err == nil {
		t.Error("two users have one UPN")
	}
	must(t, g.RemoveUser(bobID))
	must(t, g.RenameUser(adaID, "bob@contoso.example"))
	g.do("GET", "/v1.0/users/"+bobID, "").wants(404, "Request_ResourceNotFound")
}

func TestPathsGraphDoesNotHave(t *testing.T) {
	g := start(t)
	g.do("GET", "/v1.0/me/authentication/phoneMethods", "").wants(400, "BadRequest")
	g.do("GET", "/v1.0/planets", "").wants(400, "badRequest")
	g.do("GET", "/v1.0/", "").wants(400, "BadRequest")
	g.do("GET", "/v1.0/users//authentication", "").wants(400, "BadRequest")
	g.do("GET", "/v2.0/users", "").wants(400, "BadRequest")
	g.do("HEAD", phones(adaID), "").wants(404, "")
}
