package graph_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
)

const groupID = "0f1c0000-0000-4000-8000-0000000000a1"

// users reads all pages of a selection.
func (g *tenant) users(of graph.Selection) (names []string, count int, err error) {
	for next := ""; ; {
		p, err := g.client.Users(context.Background(), of, next)
		if err != nil {
			return names, count, err
		}
		count = max(count, p.Count)
		for _, u := range p.Rows {
			names = append(names, u.UserPrincipalName)
		}
		if next = p.Next; next == "" {
			return names, count, nil
		}
	}
}

func TestUsersAreListed(t *testing.T) {
	assuming(t, func(t *testing.T, a emulator.Assumptions) {
		g := emulated(t).assume(t, a)
		must(t, g.AddGroup(emulator.Group{ID: groupID}))
		must(t, g.AddUser(emulator.User{ID: "0f1c0000-0000-4000-8000-000000000003", UPN: "o'neill@contoso.example", Groups: []string{groupID}}))
		for name, tc := range map[string]struct {
			of   graph.Selection
			want []string
		}{
			"all":                      {graph.Selection{}, []string{"Ada@contoso.example", "bob@contoso.example", "o'neill@contoso.example"}},
			"a group":                  {graph.Selection{Group: strings.ToUpper(groupID)}, []string{"o'neill@contoso.example"}},
			"a filter":                 {graph.Selection{Filter: "startswith(userPrincipalName,'o''n')"}, []string{"o'neill@contoso.example"}},
			"an advanced filter":       {graph.Selection{Filter: "endswith(userPrincipalName,'b@contoso.example')"}, []string{"bob@contoso.example"}},
			"a filter for whom nobody": {graph.Selection{Filter: "startswith(displayName,'zed')"}, nil},
		} {
			got, count, err := g.users(tc.of)
			must(t, err)
			if d := cmp.Diff(tc.want, got); d != "" || count != len(tc.want) {
				t.Errorf("%s, of which there are %d (-want +got):\n%s", name, count, d)
			}
		}
	})
}

func TestUsersThatAreNotListed(t *testing.T) {
	g := emulated(t)
	must(t, g.AddGroup(emulator.Group{ID: groupID}))
	must(t, g.UpdateUser(adaID, func(u *emulator.User) { u.Groups = []string{groupID} }))
	for name, tc := range map[string]struct {
		has        []string
		of         graph.Selection
		want       graph.Kind
		permission string
	}{
		"a filter that the basic profile does not have": {permissions, graph.Selection{Filter: "userType eq 'Guest'"}, graph.Restricted, ""},
		"a filter that is none":                         {permissions, graph.Selection{Filter: "shoeSize gt 40"}, graph.Refused, ""},
		"a group that is not there":                     {permissions, graph.Selection{Group: adaID}, graph.NotFound, ""},
		"a group by its name":                           {permissions, graph.Selection{Group: "sales"}, graph.Refused, ""},
		"without a permission":                          {[]string{"UserAuthMethod-Phone.Read.All"}, graph.Selection{}, graph.Forbidden, "User.ReadBasic.All"},
		"a group, without a permission for groups":      {[]string{"User.ReadBasic.All"}, graph.Selection{Group: groupID}, graph.Forbidden, "GroupMember.Read.All"},
		"a group, without a permission for users":       {[]string{"GroupMember.Read.All"}, graph.Selection{Group: groupID}, graph.Forbidden, "User.ReadBasic.All"},
	} {
		must(t, g.AddApp(emulator.App{ClientID: clientID, Secret: appSecret, Roles: tc.has}))
		must(t, g.client.Renew(context.Background()))
		_, _, err := g.users(tc.of)
		e, ok := errors.AsType[*graph.Error](err)
		if !ok || e.Kind != tc.want || e.Permission != tc.permission {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPageOfUsersWithoutIDs(t *testing.T) {
	c := newClient(t, over(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("ConsistencyLevel") != "eventual" {
			t.Error("the index is not asked")
		}
		return reply{status: 200, body: `{"value":[{"id":"x","userPrincipalName":"ada@contoso.example"}]}`}.response(r), nil
	}))
	if _, err := c.Users(context.Background(), graph.Selection{}, ""); graph.KindOf(err) != graph.Unavailable {
		t.Error(err)
	}
}
