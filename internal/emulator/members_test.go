package emulator_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
)

// eventually sends a GET that accepts the directory's index.
func (g *graph) eventually(path string) reply {
	return g.send(request{method: "GET", path: path, header: eventual})
}

func TestMembersOfAGroup(t *testing.T) {
	g := staffed(t, func(o *emulator.Options) { o.PageSize = 1 })
	must(t, g.UpdateUser(guestID, func(u *emulator.User) { u.Groups = []string{outerID} }))
	g.allow("GroupMember.Read.All", "User.ReadBasic.All")
	whole := "/v1.0/groups/" + outerID + "/transitiveMembers"
	users := whole + "/microsoft.graph.user?$select=id,userPrincipalName&$count=true"
	first := g.eventually(users)
	next, _ := first.json()["@odata.nextLink"].(string)
	rest := g.eventually(strings.TrimPrefix(next, g.server.URL))
	if d := cmp.Diff([]any{bobID, guestID}, append(first.column("id"), rest.column("id")...)); d != "" {
		t.Errorf("members, bob by a group in the group: %s", d)
	}
	if n := first.json()["@odata.count"]; n != 2.0 {
		t.Errorf("count %v", n)
	}

	// The rules of an advanced query.
	g.do("GET", users, "").wants(400, "Request_UnsupportedQuery")
	g.eventually(whole+"/microsoft.graph.user").wants(400, "Request_UnsupportedQuery")
	g.eventually(whole+"/microsoft.graph.shoe?$count=true").wants(400, "badRequest")
	g.eventually(users+"&$skip=1").wants(400, "Request_UnsupportedQuery")
	g.eventually("/v1.0/groups/"+adaID+"/transitiveMembers/microsoft.graph.user?$count=true").wants(404, "Request_ResourceNotFound")
}

func TestPermissionsOfMembers(t *testing.T) {
	g := staffed(t)
	path := "/v1.0/groups/" + deskID + "/transitiveMembers/microsoft.graph.user?$select=id,userPrincipalName&$count=true"
	g.allow("GroupMember.Read.All") // members show, and nothing of them but type and id
	hidden := g.eventually(path)
	if d := cmp.Diff([]any{bobID, nil}, append(hidden.column("id"), hidden.column("userPrincipalName")...)); d != "" {
		t.Error(d)
	}
}

func TestUsersAreFilteredAsTheirPermissionsAllow(t *testing.T) {
	g := start(t)
	must(t, g.UpdateUser(bobID, func(u *emulator.User) { u.Disabled, u.DisplayName = true, "Bobby" }))
	for filter, want := range map[string]struct {
		ids                []any
		basic, notEventual string // codes; "": it is served
	}{
		"startswith(displayName,'bob')":                      {ids: []any{bobID}},
		"startswith(userPrincipalName, 'ADA')":               {ids: []any{adaID}},
		"endswith(userPrincipalName,'@contoso.example')":     {ids: []any{adaID, bobID, guestID}, notEventual: "Request_UnsupportedQuery"},
		"endsWith(userPrincipalName,'#EXT#@nobody.example')": {ids: []any{}, notEventual: "Request_UnsupportedQuery"},
		"userType eq 'Guest'":                                {ids: []any{guestID}, basic: "Authorization_RequestDenied"},
		"accountEnabled eq false":                            {ids: []any{bobID}, basic: "Authorization_RequestDenied"},
	} {
		path := "/v1.0/users?$select=id&$count=true&$filter=" + url.QueryEscape(filter)
		g.allow("User.Read.All")
		if d := cmp.Diff(want.ids, g.eventually(path).column("id")); d != "" {
			t.Errorf("%s: %s", filter, d)
		}
		status := map[string]int{"": 200, "Request_UnsupportedQuery": 400, "Authorization_RequestDenied": 403}
		g.do("GET", strings.Replace(path, "&$count=true", "", 1), "").wants(status[want.notEventual], want.notEventual)
		g.allow("User.ReadBasic.All")
		g.eventually(path).wants(status[want.basic], want.basic)
	}
	for _, filter := range []string{"endswith(displayName,'x')", "startswith(id,'0')", "startswith(displayName,x)", "accountEnabled eq maybe", "jobTitle eq 'x'", "id ne 'x'"} {
		g.eventually("/v1.0/users?$count=true&$filter="+url.QueryEscape(filter)).wants(400, "Request_UnsupportedQuery")
	}
}
