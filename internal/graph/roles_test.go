package graph_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/graph"
)

const (
	globalReader = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
	customRole   = "00000000-0000-4000-8000-0000000000c1"
	adminsGroup  = "00000000-0000-4000-8000-00000000000a"
)

func TestDirectoryRoles(t *testing.T) {
	const (
		role       = `{"@odata.type":"#microsoft.graph.directoryRole","id":"x","displayName":"Global Reader","roleTemplateId":"F2EF992C-3afb-46b9-b7cf-a126ee74c451"}`
		hiddenRole = `{"@odata.type":"#microsoft.graph.directoryRole","id":"x","displayName":null,"roleTemplateId":null}`
		admins     = `{"@odata.type":"#microsoft.graph.group","id":"` + adminsGroup + `","displayName":"Admins","isAssignableToRole":true}`
		people     = `{"@odata.type":"#microsoft.graph.group","id":"y","displayName":"People","isAssignableToRole":false}`
		hidden     = `{"@odata.type":"#microsoft.graph.group","id":"y","displayName":null,"isAssignableToRole":null}`
		everybody  = `{"@odata.type":"#microsoft.graph.group","id":"e","displayName":"Everybody","groupTypes":[],"isAssignableToRole":null}`
		unit       = `{"@odata.type":"#microsoft.graph.administrativeUnit","id":"z","displayName":"Berlin"}`
		reader     = `{"id":"1","principalId":"` + adaID + `","roleDefinitionId":"` + globalReader + `","directoryScopeId":"/"}`
		custom     = `{"id":"2","principalId":"` + adaID + `","roleDefinitionId":"` + customRole + `","directoryScopeId":"/administrativeUnits/z"}`
	)
	for name, tc := range map[string]struct {
		members, assignments []string
		want                 []graph.Role
		kind                 graph.Kind
	}{
		"nobody's member":                          {nil, nil, nil, ""},
		"ordinary groups and units are no roles":   {[]string{people, unit}, nil, nil, ""},
		"an ordinary group shows null as a rule":   {[]string{everybody, people}, nil, nil, ""},
		"an ordinary group may leave it out":       {[]string{`{"@odata.type":"#microsoft.graph.group","id":"e","displayName":"Everybody"}`}, nil, nil, ""},
		"a hidden group among others is not waved": {[]string{everybody, hidden, people}, nil, nil, graph.Forbidden},
		"a role held through a group":              {[]string{role, people}, nil, []graph.Role{{ID: globalReader, Name: "Global Reader"}}, ""},
		"a role of the user's own, shown twice":    {[]string{role}, []string{reader}, []graph.Role{{ID: globalReader, Name: "Global Reader"}}, ""},
		"a custom role over a part of the tenant": {
			nil, []string{custom, custom}, []graph.Role{{ID: customRole}}, "",
		},
		"a group that may hold roles counts as one": {
			[]string{admins}, nil, []graph.Role{{Name: "Admins", Via: adminsGroup}}, "",
		},
		"a role without its name is still one": {[]string{hiddenRole}, nil, []graph.Role{{}}, ""},
		"a role whose type is left out is still one": {
			[]string{`{"id":"x","displayName":"Global Reader","roleTemplateId":"` + globalReader + `"}`}, nil,
			[]graph.Role{{ID: globalReader, Name: "Global Reader"}}, "",
		},
		"a role of a type that is new is still one": {
			[]string{`{"@odata.type":"#microsoft.graph.newRole","displayName":"Global Reader","roleTemplateId":"` + globalReader + `"}`}, nil,
			[]graph.Role{{ID: globalReader, Name: "Global Reader"}}, "",
		},
		"a group that may hold roles counts without its type": {
			[]string{`{"id":"` + adminsGroup + `","displayName":"Admins","isAssignableToRole":true}`}, nil,
			[]graph.Role{{Name: "Admins", Via: adminsGroup}}, "",
		},
		"an ordinary group is none without its type": {[]string{`{"id":"y","isAssignableToRole":false}`}, nil, nil, ""},
		"what does not show at all is not waved":     {[]string{`{"id":"y"}`}, nil, nil, graph.Forbidden},
		"groups that do not show are not waved":      {[]string{role, hidden}, nil, nil, graph.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				rows := tc.members
				switch {
				case strings.Contains(r.URL.Path, "roleAssignments"):
					rows = tc.assignments
				case strings.Contains(r.URL.Path, "roleEligibility"):
					rows = nil
				}
				reply{status: 200, body: `{"value":[` + strings.Join(rows, ",") + `]}`}.write(w)
			})
			got, err := s.client(t).DirectoryRoles(context.Background(), adaID)
			if graph.KindOf(err) != tc.kind {
				t.Fatalf("error = %v", err)
			}
			if tc.kind == graph.Forbidden && failure(t, err).Permission != "GroupMember.Read.All" {
				t.Errorf("error = %v", err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			want := []string{
				"/v1.0/users/" + adaID + "/transitiveMemberOf",
				"/v1.0/roleManagement/directory/roleAssignments?$filter=principalId%20eq%20%27" + adaID + "%27",
				"/v1.0/roleManagement/directory/roleEligibilityScheduleInstances?$filter=principalId%20eq%20%27" + adaID + "%27",
			}
			for i, r := range s.requests() {
				if r.URI != want[i] {
					t.Errorf("request %d: %s", i, r.URI)
				}
			}
		})
	}
}

func TestNoRolesAreNotTheAnswerWhenGraphWillNotSay(t *testing.T) {
	for name, refused := range map[string]string{"of memberships": "transitiveMemberOf", "of assignments": "roleAssignments"} {
		for how, tc := range map[string]struct {
			answer reply
			want   graph.Kind
		}{
			"forbidden":    {reply{status: 403, body: said("Authorization_RequestDenied", "")}, graph.Forbidden},
			"not Graph":    {reply{status: 404}, graph.Unavailable},
			"not possible": {reply{status: 400, body: said("Request_BadRequest", "")}, graph.Refused},
			"not answered": {reply{status: 500}, graph.Unavailable},
			"not a list":   {reply{status: 200, body: `{}`}, graph.Unavailable},
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				s := serve(t, func(w http.ResponseWriter, r *http.Request) {
					if strings.Contains(r.URL.Path, refused) {
						tc.answer.write(w)
						return
					}
					reply{status: 200, body: `{"value":[]}`}.write(w)
				})
				if _, err := s.client(t).DirectoryRoles(context.Background(), adaID); graph.KindOf(err) != tc.want {
					t.Errorf("error = %v, want %s", err, tc.want)
				}
			})
		}
	}
}

func TestMembershipsThatGraphDoesNotHaveAreNoAnswer(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "transitiveMemberOf") {
			reply{status: 404, body: said("Request_ResourceNotFound", "")}.write(w)
			return
		}
		reply{status: 200, body: `{"value":[]}`}.write(w)
	})
	if _, err := s.client(t).DirectoryRoles(context.Background(), adaID); graph.KindOf(err) != graph.NotFound {
		t.Errorf("error = %v", err)
	}
}

func TestACollectionThatGraphDoesNotHaveHasNobodyInIt(t *testing.T) {
	for _, collection := range []string{"roleAssignments", "roleEligibilityScheduleInstances"} {
		t.Run(collection, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, collection) {
					reply{status: 404, body: said("UnknownError", "")}.write(w)
					return
				}
				reply{status: 200, body: `{"value":[]}`}.write(w)
			})
			roles, err := s.client(t).DirectoryRoles(context.Background(), adaID)
			must(t, err)
			if len(roles) > 0 {
				t.Errorf("roles = %v", roles)
			}
		})
	}
}

func TestRolesThatTheUserMayActivate(t *testing.T) {
	row := `{"id":"3","principalId":"` + adaID + `","roleDefinitionId":"` + globalReader + `"}`
	for name, tc := range map[string]struct {
		answer reply
		want   []graph.Role
		kind   graph.Kind
	}{
		"count":                         {reply{status: 200, body: `{"value":[` + row + `]}`}, []graph.Role{{ID: globalReader, Eligible: true}}, ""},
		"count once":                    {reply{status: 200, body: `{"value":[` + row + `,` + row + `]}`}, []graph.Role{{ID: globalReader, Eligible: true}}, ""},
		"may be out of sight":           {reply{status: 403, body: said("Authorization_RequestDenied", "")}, nil, ""},
		"may be none of this cloud's":   {reply{status: 404, body: said("UnknownError", "")}, nil, ""},
		"may be out of licence":         {reply{status: 400, body: said("AadPremiumLicenseRequired", "")}, nil, ""},
		"are not waved when unanswered": {reply{status: 500}, nil, graph.Unavailable},
		"are not waved without a token": {reply{status: 401}, nil, graph.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "roleEligibility") {
					tc.answer.write(w)
					return
				}
				reply{status: 200, body: `{"value":[]}`}.write(w)
			})
			got, err := s.client(t).DirectoryRoles(context.Background(), adaID)
			if graph.KindOf(err) != tc.kind {
				t.Fatalf("error = %v", err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What a collection is like does not change: one refusal among answers is no reason to
// take an administrator for nobody.
func TestACollectionThatAnsweredIsNotWaved(t *testing.T) {
	const assigned, may = "roleAssignments", "roleEligibilityScheduleInstances"
	for name, tc := range map[string]struct {
		collection string
		answers    []int // to the requests for it, in turn; the last one for good
		kinds      []graph.Kind
	}{
		"once refused, and then answered":             {may, []int{403, 200}, []graph.Kind{"", ""}},
		"refused after an answer":                     {may, []int{200, 403, 200}, []graph.Kind{"", graph.Forbidden, ""}},
		"not there after an answer":                   {may, []int{200, 404, 200}, []graph.Kind{"", graph.Unavailable, ""}},
		"no licence after an answer":                  {may, []int{200, 400, 200}, []graph.Kind{"", graph.Unavailable, ""}},
		"refused for good":                            {may, []int{403}, []graph.Kind{"", "", ""}},
		"refused for long, and then answered":         {may, []int{403, 403, 403, 200, 403}, []graph.Kind{"", "", "", graph.Forbidden}},
		"assignments that are not there for once":     {assigned, []int{404, 200}, []graph.Kind{"", ""}},
		"assignments not there after an answer":       {assigned, []int{200, 404, 200}, []graph.Kind{"", graph.Unavailable, ""}},
		"assignments that are refused from the start": {assigned, []int{403, 200}, []graph.Kind{graph.Forbidden, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, tc.collection) {
					status := tc.answers[min(int(asked.Add(1)), len(tc.answers))-1]
					if status != 200 {
						reply{status: status, body: said("UnknownError", "")}.write(w)
						return
					}
				}
				reply{status: 200, body: `{"value":[]}`}.write(w)
			})
			c := s.client(t)
			for i, want := range tc.kinds {
				if _, err := c.DirectoryRoles(t.Context(), adaID); graph.KindOf(err) != want {
					t.Errorf("time %d: error = %v", i+1, err)
				}
			}
		})
	}
}

func TestAllPagesAreRead(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body := `{"value":[]}`
		if strings.HasSuffix(r.URL.Path, "/transitiveMemberOf") {
			body = `{"@odata.nextLink":"https://elsewhere.example/v1.0/other?$skiptoken=second%20page","value":[]}`
			if r.URL.Query().Get("$skiptoken") == "second page" {
				body = `{"value":[{"@odata.type":"#microsoft.graph.directoryRole","displayName":"Global Reader","roleTemplateId":"` + globalReader + `"}]}`
			}
		}
		reply{status: 200, body: body}.write(w)
	})
	got, err := s.client(t).DirectoryRoles(context.Background(), adaID)
	must(t, err)
	if len(got) != 1 || got[0].ID != globalReader {
		t.Errorf("roles = %v", got)
	}
	// The link names another host and path; the token stays with ours.
	if uri := s.requests()[1].URI; uri != "/v1.0/users/"+adaID+"/transitiveMemberOf?$skiptoken=second%20page" {
		t.Errorf("second page: %s", uri)
	}
}

func TestPagesWithoutEndAreGivenUp(t *testing.T) {
	for name, link := range map[string]string{
		"in a circle": "https://graph.example/v1.0/x?$skiptoken=again", "to nowhere": "https://graph.example/v1.0/x", "to nonsense": "://",
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, over(func(r *http.Request) (*http.Response, error) {
				return reply{status: 200, body: `{"value":[],"@odata.nextLink":"` + link + `"}`}.response(r), nil
			}))
			if _, err := c.PhoneMethods(context.Background(), adaID); failure(t, err).Kind != graph.Unavailable {
				t.Errorf("error = %v", err)
			}
		})
	}
}
