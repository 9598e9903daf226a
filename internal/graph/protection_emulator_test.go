package graph_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
)

func TestTheEmulatorsProtectedUsers(t *testing.T) {
	const unit = "/administrativeUnits/0f1c0000-0000-4000-8000-0000000000e1"
	reader := emulator.Role{TemplateID: globalReader, DisplayName: "Global Reader"}
	admins := graph.Privilege{ID: adminsGroup}
	of := func(kind graph.PrivilegeKind, p graph.Privilege) []graph.Privilege {
		p.Kind = kind
		return []graph.Privilege{p}
	}
	for name, tc := range map[string]struct {
		change func(*emulator.User)
		want   []graph.Privilege
	}{
		"nobody in particular":       {func(*emulator.User) {}, nil},
		"members of ordinary groups": {func(u *emulator.User) { u.Groups = []string{salesGroup} }, nil},
		"owners of ordinary groups":  {func(u *emulator.User) { u.OwnedGroups = []string{salesGroup} }, nil},
		"who may join ordinary ones": {func(u *emulator.User) { u.EligibleGroups = []emulator.EligibleGroup{{Group: salesGroup}} }, nil},
		"holders of a role":          {func(u *emulator.User) { u.Roles = []emulator.Role{reader} }, of(graph.HoldsRole, graph.Privilege{ID: globalReader})},
		"of a role over one unit":    {func(u *emulator.User) { u.Roles = []emulator.Role{{TemplateID: globalReader, Scope: unit}} }, of(graph.HoldsRole, graph.Privilege{ID: globalReader})},
		"of a role the tenant made":  {func(u *emulator.User) { u.Roles = []emulator.Role{{TemplateID: customRole, Custom: true}} }, of(graph.HoldsRole, graph.Privilege{ID: customRole})},
		"members of a role group":    {func(u *emulator.User) { u.Groups = []string{salesGroup, adminsGroup} }, of(graph.MemberOfRoleGroup, admins)},
		"owners of a role group":     {func(u *emulator.User) { u.OwnedGroups = []string{adminsGroup} }, of(graph.OwnerOfRoleGroup, admins)},
		"who may activate a role":    {func(u *emulator.User) { u.EligibleRoles = []emulator.Role{reader} }, of(graph.MayActivateRole, graph.Privilege{ID: globalReader})},
		"who may join a role group":  {func(u *emulator.User) { u.EligibleGroups = []emulator.EligibleGroup{{Group: adminsGroup}} }, of(graph.MayJoinRoleGroup, admins)},
		"who may own a role group": {func(u *emulator.User) {
			u.EligibleGroups = []emulator.EligibleGroup{{Group: adminsGroup, Access: "owner"}}
		}, of(graph.MayOwnRoleGroup, admins)},
		"the last of many ones shown": {func(u *emulator.User) {
			u.Groups = []string{salesGroup, "00000000-0000-4000-8000-00000000000c", "00000000-0000-4000-8000-00000000000d", adminsGroup}
		}, of(graph.MemberOfRoleGroup, admins)},
	} {
		for _, shape := range []*bool{nil, new(false)} {
			for _, lists := range []bool{false, true} {
				t.Run(name, func(t *testing.T) {
					g := emulated(t)
					must(t, g.AddTenant(emulator.Tenant{ID: tenantID, Domains: []string{"contoso.example"}, ListsGroupRoles: lists}))
					must(t, g.AddApp(emulator.App{ClientID: clientID, Secret: appSecret, Roles: append([]string{pimGroups}, permissions...)}))
					must(t, g.AddGroup(emulator.Group{ID: adminsGroup, DisplayName: "Admins", IsAssignableToRole: new(true), Roles: []emulator.Role{reader}}))
					for _, id := range []string{salesGroup, "00000000-0000-4000-8000-00000000000c", "00000000-0000-4000-8000-00000000000d"} {
						must(t, g.AddGroup(emulator.Group{ID: id, DisplayName: "Sales", IsAssignableToRole: shape}))
					}
					must(t, g.UpdateUser(adaID, tc.change))
					got, err := g.client.Protection(t.Context(), adaID)
					must(t, err)
					want := tc.want
					if lists && len(want) > 0 && want[0].Kind == graph.MemberOfRoleGroup {
						want = append(want, graph.Privilege{Kind: graph.HoldsRole, ID: globalReader})
					}
					if diff := cmp.Diff(want, got.Privileges); diff != "" {
						t.Error(diff)
					}
				})
			}
		}
	}
}

// With each set of permissions, and with either guess of what opens ownedObjects.
func TestWhatThePermissionsLetTheClientSee(t *testing.T) {
	for name, tc := range map[string]struct {
		permissions    []string
		ownedNeedUsers bool
		withoutP2      bool
		roles, groups  graph.Answer
		owned          graph.Answer // "" is Answered
		kind           graph.Kind
		needsIfRefused string
	}{
		"what the documents ask for":                       {permissions: permissions, roles: graph.Answered, groups: graph.NotGranted},
		"the same, where groups do not open owned objects": {permissions: permissions, ownedNeedUsers: true, roles: graph.Answered, groups: graph.NotGranted, owned: graph.NotGranted},
		"and with that":                                    {permissions: append([]string{"User.Read.All"}, permissions...), ownedNeedUsers: true, roles: graph.Answered, groups: graph.NotGranted},
		"with PIM for Groups":                              {permissions: append([]string{pimGroups}, permissions...), roles: graph.Answered, groups: graph.Answered},
		"without the licence":                              {permissions: append([]string{pimGroups}, permissions...), withoutP2: true, roles: graph.Unlicensed, groups: graph.Unlicensed},
		"without groups":                                   {permissions: []string{"User.Read.All", readRoles}, roles: graph.Answered, groups: graph.NotGranted, kind: graph.Forbidden, needsIfRefused: readGroups},
		"without roles":                                    {permissions: []string{"User.Read.All", readGroups}, roles: graph.NotGranted, groups: graph.NotGranted, kind: graph.Forbidden, needsIfRefused: readRoles},
		"with the directory at large":                      {permissions: []string{"Directory.Read.All"}, roles: graph.NotGranted, groups: graph.NotGranted},
	} {
		t.Run(name, func(t *testing.T) {
			g := emulated(t)
			if tc.ownedNeedUsers {
				g.assume(t, emulator.Assumptions{emulator.OwnedObjects: "users"})
			}
			must(t, g.AddTenant(emulator.Tenant{ID: tenantID, Domains: []string{"contoso.example"}, WithoutP2: tc.withoutP2}))
			must(t, g.AddApp(emulator.App{ClientID: clientID, Secret: appSecret, Roles: tc.permissions}))
			got, err := g.client.Protection(t.Context(), adaID)
			if graph.KindOf(err) != tc.kind || len(got.Privileges) > 0 {
				t.Fatalf("%v, %v", got, err)
			}
			if err != nil && failure(t, err).Permission != tc.needsIfRefused {
				t.Errorf("error = %v", err)
			}
			want := map[graph.View]graph.Answer{graph.EligibleRoles: tc.roles, graph.EligibleGroups: tc.groups, graph.OwnedGroups: graph.Answered}
			if tc.owned != "" {
				want[graph.OwnedGroups] = tc.owned
			}
			if diff := cmp.Diff(want, got.Views); diff != "" {
				t.Error(diff)
			}
		})
	}
}
