package graph_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/graph"
)

const (
	globalReader = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
	customRole   = "00000000-0000-4000-8000-0000000000c1"
	adminsGroup  = "00000000-0000-4000-8000-00000000000a"
	salesGroup   = "00000000-0000-4000-8000-00000000000b"

	memberOf   = "transitiveMemberOf"
	owned      = "ownedObjects"
	assigned   = "roleAssignments"
	mayRole    = "roleEligibilityScheduleInstances"
	mayGroup   = "privilegedAccess/group/eligibilityScheduleInstances"
	pimGroups  = "PrivilegedEligibilitySchedule.Read.AzureADGroup"
	readRoles  = "RoleManagement.Read.Directory"
	readGroups = "GroupMember.Read.All"
)

// grants is a credential whose tokens carry these permissions.
type grants []string

func (g grants) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"roles": []string(g)}).SignedString([]byte("a test key"))
	return azcore.AccessToken{Token: token, ExpiresOn: time.Now().Add(time.Hour)}, err
}

func with(permissions ...string) option {
	return func(o *graph.Options) { o.Credential = grants(permissions) }
}

// everything are permissions that open each of the collections.
var everything = with("User.Read.All", readGroups, readRoles, pimGroups)

// collections answers the questions about one user: each collection as said, the
// others with nothing.
func collections(answers map[string]reply) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for path, answer := range answers {
			if strings.HasSuffix(r.URL.Path, path) {
				answer.write(w)
				return
			}
		}
		rows().write(w)
	}
}

func rows(all ...string) reply {
	return reply{status: 200, body: `{"value":[` + strings.Join(all, ",") + `]}`}
}

// The shapes of the rows. Each question has the path and the rows that it gets.
func TestWhoIsProtected(t *testing.T) {
	const (
		role       = `{"@odata.type":"#microsoft.graph.directoryRole","id":"x","displayName":"Global Reader","roleTemplateId":"F2EF992C-3afb-46b9-b7cf-a126ee74c451"}`
		hiddenRole = `{"@odata.type":"#microsoft.graph.directoryRole","id":"x","displayName":null,"roleTemplateId":null}`
		admins     = `{"@odata.type":"#microsoft.graph.group","id":"` + adminsGroup + `","displayName":"Admins","isAssignableToRole":true}`
		people     = `{"@odata.type":"#microsoft.graph.group","id":"y","displayName":"People","isAssignableToRole":false}`
		everybody  = `{"@odata.type":"#microsoft.graph.group","id":"e","displayName":"Everybody","groupTypes":[],"isAssignableToRole":null}`
		hidden     = `{"@odata.type":"#microsoft.graph.group","id":"y","displayName":null,"isAssignableToRole":null}`
		unit       = `{"@odata.type":"#microsoft.graph.administrativeUnit","id":"z","displayName":"Berlin"}`
		hiddenUnit = `{"@odata.type":"#microsoft.graph.administrativeUnit","id":"z","displayName":null}`
		app        = `{"@odata.type":"#microsoft.graph.application","id":"z","displayName":null,"appId":null}`
		reader     = `{"id":"1","principalId":"` + adaID + `","roleDefinitionId":"` + globalReader + `","directoryScopeId":"/"}`
		custom     = `{"id":"2","principalId":"` + adaID + `","roleDefinitionId":"` + customRole + `","directoryScopeId":"/administrativeUnits/z"}`
		joins      = `{"id":"3","principalId":"` + adaID + `","accessId":"member","groupId":"` + adminsGroup + `"}`
		owns       = `{"id":"4","principalId":"` + adaID + `","accessId":"owner","groupId":"` + adminsGroup + `"}`
	)
	assignable := reply{status: 200, body: `{"id":"` + adminsGroup + `","displayName":"Admins","isAssignableToRole":true}`}
	ordinary := reply{status: 200, body: `{"id":"` + adminsGroup + `","displayName":"Sales","isAssignableToRole":null}`}
	group := "groups/" + adminsGroup
	readerHeld := graph.Privilege{Kind: graph.HoldsRole, ID: globalReader}
	for name, tc := range map[string]struct {
		answers map[string]reply
		want    []graph.Privilege
		kind    graph.Kind
	}{
		"nobody's member":                        {nil, nil, ""},
		"ordinary groups and units are no roles": {map[string]reply{memberOf: rows(people, unit, hiddenUnit), owned: rows(people, app)}, nil, ""},
		"an ordinary group shows null as a rule": {map[string]reply{memberOf: rows(everybody, people), owned: rows(everybody)}, nil, ""},
		"an ordinary group may leave it out":     {map[string]reply{memberOf: rows(`{"@odata.type":"#microsoft.graph.group","id":"e","displayName":"Everybody"}`)}, nil, ""},
		"an ordinary group is none without its type": {
			map[string]reply{memberOf: rows(`{"id":"y","isAssignableToRole":false}`, `{"id":"e","displayName":"Everybody"}`)}, nil, "",
		},
		"a role that the user is a member of":   {map[string]reply{memberOf: rows(role, people)}, []graph.Privilege{readerHeld}, ""},
		"a role of the user's own, shown twice": {map[string]reply{memberOf: rows(role), assigned: rows(reader)}, []graph.Privilege{readerHeld}, ""},
		"a role that only the assignments show": {map[string]reply{memberOf: rows(everybody), assigned: rows(reader)}, []graph.Privilege{{Kind: graph.HoldsRole, ID: globalReader}}, ""},
		"a custom role over a part of the tenant": {
			map[string]reply{assigned: rows(custom, custom)}, []graph.Privilege{{Kind: graph.HoldsRole, ID: customRole}}, "",
		},
		"a group that may hold roles": {
			map[string]reply{memberOf: rows(everybody, admins)}, []graph.Privilege{{Kind: graph.MemberOfRoleGroup, ID: adminsGroup}}, "",
		},
		"a group that may hold roles, without its type": {
			map[string]reply{memberOf: rows(`{"id":"` + adminsGroup + `","displayName":"Admins","isAssignableToRole":true}`)},
			[]graph.Privilege{{Kind: graph.MemberOfRoleGroup, ID: adminsGroup}}, "",
		},
		"a group that may hold roles, of which the user is the owner": {
			map[string]reply{memberOf: rows(everybody), owned: rows(people, admins)}, []graph.Privilege{{Kind: graph.OwnerOfRoleGroup, ID: adminsGroup}}, "",
		},
		"a role without its name is still one": {map[string]reply{memberOf: rows(hiddenRole)}, []graph.Privilege{{Kind: graph.HoldsRole}}, ""},
		"a role whose type is left out is still one": {
			map[string]reply{memberOf: rows(`{"id":"x","displayName":"Global Reader","roleTemplateId":"` + globalReader + `"}`)}, []graph.Privilege{readerHeld}, "",
		},
		"a role of a type that is new is still one": {
			map[string]reply{memberOf: rows(`{"@odata.type":"#microsoft.graph.newRole","displayName":"Global Reader","roleTemplateId":"` + globalReader + `"}`)},
			[]graph.Privilege{readerHeld}, "",
		},
		"a role that the user may activate counts once": {map[string]reply{mayRole: rows(reader, reader)}, []graph.Privilege{{Kind: graph.MayActivateRole, ID: globalReader}}, ""},
		"a group that may hold roles and that the user may join": {
			map[string]reply{mayGroup: rows(joins), group: assignable}, []graph.Privilege{{Kind: graph.MayJoinRoleGroup, ID: adminsGroup}}, "",
		},
		"a group that may hold roles and that the user may own": {
			map[string]reply{mayGroup: rows(owns, joins), group: assignable},
			[]graph.Privilege{{Kind: graph.MayOwnRoleGroup, ID: adminsGroup}, {Kind: graph.MayJoinRoleGroup, ID: adminsGroup}}, "",
		},
		"an ordinary group that the user may join": {map[string]reply{mayGroup: rows(joins, owns), group: ordinary}, nil, ""},
		"a group that the user may join and that does not show": {
			map[string]reply{mayGroup: rows(joins), group: {status: 200, body: `{"id":"` + adminsGroup + `","displayName":null,"isAssignableToRole":null}`}},
			[]graph.Privilege{{Kind: graph.MayJoinRoleGroup, ID: adminsGroup}}, "",
		},
		"a group that the user may join and that may not be read": {
			map[string]reply{mayGroup: rows(joins), group: {status: 403, body: said("Authorization_RequestDenied", "")}},
			[]graph.Privilege{{Kind: graph.MayJoinRoleGroup, ID: adminsGroup}}, "",
		},
		"a group that the user may join and that is gone": {
			map[string]reply{mayGroup: rows(joins), group: {status: 404, body: said("Request_ResourceNotFound", "")}},
			[]graph.Privilege{{Kind: graph.MayJoinRoleGroup, ID: adminsGroup}}, "",
		},
		"a group that the user may join, not named": {map[string]reply{mayGroup: rows(`{"accessId":"member"}`)}, []graph.Privilege{{Kind: graph.MayJoinRoleGroup}}, ""},
		"a group that the user may join, and no answer about it": {
			map[string]reply{mayGroup: rows(joins), group: {status: 500}}, nil, graph.Unavailable,
		},
		"what does not show at all is not waved":           {map[string]reply{memberOf: rows(`{"id":"y"}`)}, nil, graph.Forbidden},
		"groups that do not show are not waved":            {map[string]reply{memberOf: rows(hidden)}, nil, graph.Forbidden},
		"a hidden group among others is not waved":         {map[string]reply{memberOf: rows(everybody, hidden, people)}, nil, graph.Forbidden},
		"owned groups that do not show are not waved":      {map[string]reply{owned: rows(hidden)}, nil, graph.Forbidden},
		"a role is enough, whatever else does not show":    {map[string]reply{memberOf: rows(role, hidden)}, []graph.Privilege{readerHeld}, ""},
		"a role is enough, whatever else is not answered":  {map[string]reply{memberOf: {status: 500}, owned: {status: 403}, assigned: rows(reader)}, []graph.Privilege{{Kind: graph.HoldsRole, ID: globalReader}}, ""},
		"an owner is one, though the roles are not listed": {map[string]reply{assigned: {status: 404, body: said("UnknownError", "")}, owned: rows(admins)}, []graph.Privilege{{Kind: graph.OwnerOfRoleGroup, ID: adminsGroup}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, collections(tc.answers))
			got, err := s.client(t, everything).Protection(t.Context(), adaID)
			if graph.KindOf(err) != tc.kind {
				t.Fatalf("error = %v", err)
			}
			if tc.kind == graph.Forbidden && failure(t, err).Permission != readGroups {
				t.Errorf("error = %v", err)
			}
			if diff := cmp.Diff(tc.want, got.Privileges); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheQuestionsAreTheseAndNoOthers(t *testing.T) {
	filter := "?$filter=principalId%20eq%20%27" + adaID + "%27"
	want := []string{
		"/v1.0/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances" + filter,
		"/v1.0/roleManagement/directory/roleAssignments" + filter,
		"/v1.0/roleManagement/directory/roleEligibilityScheduleInstances" + filter,
		"/v1.0/users/" + adaID + "/ownedObjects",
		"/v1.0/users/" + adaID + "/transitiveMemberOf",
	}
	s := serve(t, collections(nil))
	_, err := s.client(t, everything).Protection(t.Context(), strings.ToUpper(adaID))
	must(t, err)
	var got []string
	for _, r := range s.requests() {
		got = append(got, r.URI)
	}
	slices.Sort(got) // they are asked side by side
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// All five are on their way before the first is answered.
func TestTheQuestionsAreAskedSideBySide(t *testing.T) {
	var met meeting
	met.Add(5)
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		met.arrive()
		rows().write(w)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := s.client(t, everything).Protection(ctx, adaID); err != nil {
		t.Error(err)
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
	got, err := s.client(t).Protection(context.Background(), adaID)
	must(t, err)
	if len(got.Privileges) != 1 || got.Privileges[0].ID != globalReader {
		t.Errorf("privileges = %v", got.Privileges)
	}
	// The link names another host and path; the token stays with ours.
	second := func(r seen) bool { return r.URI == "/v1.0/users/"+adaID+"/transitiveMemberOf?$skiptoken=second%20page" }
	if !slices.ContainsFunc(s.requests(), second) {
		t.Errorf("the second page was not asked for: %v", s.requests())
	}
}

func TestPagesWithoutEndAreGivenUp(t *testing.T) {
	for name, link := range map[string]string{
		"in a circle": `"https://graph.example/v1.0/x?$skiptoken=again"`, "to nowhere": `"https://graph.example/v1.0/x"`, "to nonsense": `"://"`,
		"to nothing": `""`, "to blanks": `" "`, "in an object": `{"href":"https://graph.example/v1.0/x?$skiptoken=2"}`,
		"in a list": `["https://graph.example/v1.0/x?$skiptoken=2"]`, "by a number": `2`, "by a truth": `true`,
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, over(func(r *http.Request) (*http.Response, error) {
				return reply{status: 200, body: `{"value":[],"@odata.nextLink":` + link + `}`}.response(r), nil
			}))
			if _, err := c.PhoneMethods(context.Background(), adaID); failure(t, err).Kind != graph.Unavailable {
				t.Errorf("error = %v", err)
			}
		})
	}
}

// meeting lets nobody go on before all are there.
type meeting struct{ sync.WaitGroup }

func (m *meeting) arrive() {
	m.Done()
	m.Wait()
}

// A panic in one question must reach whoever asks, who may catch it.
func TestAPanicInOneQuestionComesOut(t *testing.T) {
	for _, abreast := range []int{0, 1} {
		c := newClient(t, everything, func(o *graph.Options) { o.Abreast = abreast }, over(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, assigned) {
				panic("of a test")
			}
			return rows().response(r), nil
		}))
		func() {
			defer func() {
				if r := recover(); r != "of a test" {
					t.Errorf("%d abreast: recovered %v", abreast, r)
				}
			}()
			_, err := c.Protection(t.Context(), adaID)
			t.Errorf("%d abreast: it came back, with %v", abreast, err)
		}()
	}
}
