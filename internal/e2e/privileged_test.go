package e2e_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/install"
)

var (
	globalAdministrator = emulator.Role{TemplateID: "62e90394-69f5-4237-9190-012177145e10", DisplayName: "Global Administrator"}
	helpdeskAdmin       = emulator.Role{TemplateID: "729827e3-9c14-49f7-bb1b-9608f156bbb8", DisplayName: "Helpdesk Administrator"}
)

// administrator is whatever makes an administrator of a user, by a sentence.
func (s *story) administrators() map[string]func(*emulator.User) {
	s.t.Helper()
	group := func(g emulator.Group) string {
		g.ID, g.TenantID = uuid.NewString(), s.tenantID
		must(s.t, s.graph.AddGroup(g))
		return g.ID
	}
	holding := group(emulator.Group{DisplayName: "Admins", IsAssignableToRole: new(true), Roles: []emulator.Role{helpdeskAdmin}})
	assignable := group(emulator.Group{DisplayName: "Perhaps admins", IsAssignableToRole: new(true)})
	nested := group(emulator.Group{DisplayName: "Admins' friends", MemberOf: []string{holding}})
	return map[string]func(*emulator.User){
		"an active role":                       func(u *emulator.User) { u.Roles = []emulator.Role{globalAdministrator} },
		"a role of a group":                    func(u *emulator.User) { u.Groups = []string{holding} },
		"a role of a group that holds a group": func(u *emulator.User) { u.Groups = []string{nested} },
		"a group that may be given a role":     func(u *emulator.User) { u.Groups = []string{assignable} },
		"a role that can be activated":         func(u *emulator.User) { u.EligibleRoles = []emulator.Role{globalAdministrator} },
	}
}

// likeAdministrators are other ways to be protected, of which it needs every permission to know, and ways not to be.
func (s *story) likeAdministrators() (protected, ordinary map[string]func(*emulator.User)) {
	s.t.Helper()
	group := func(assignable *bool) string {
		g := emulator.Group{ID: uuid.NewString(), TenantID: s.tenantID, DisplayName: "A group", IsAssignableToRole: assignable}
		must(s.t, s.graph.AddGroup(g))
		return g.ID
	}
	null, plain, assignable := group(nil), group(new(false)), group(new(true))
	scoped, custom := helpdeskAdmin, emulator.Role{TemplateID: uuid.NewString(), Custom: true}
	scoped.Scope = "/administrativeUnits/" + uuid.NewString()
	return map[string]func(*emulator.User){
			"a role in a scope":                       func(u *emulator.User) { u.Roles = []emulator.Role{scoped} },
			"a role of the tenant's own":              func(u *emulator.User) { u.Roles = []emulator.Role{custom} },
			"a role in a scope that can be activated": func(u *emulator.User) { u.EligibleRoles = []emulator.Role{scoped} },
			"owner of a group that may be given one":  func(u *emulator.User) { u.OwnedGroups = []string{plain, assignable} },
			"who can join such a group":               func(u *emulator.User) { u.EligibleGroups = []emulator.EligibleGroup{{Group: assignable}} },
			"who can own such a group": func(u *emulator.User) {
				u.EligibleGroups = []emulator.EligibleGroup{{Group: assignable, Access: "owner"}}
			},
		}, map[string]func(*emulator.User){
			"nothing":          func(*emulator.User) {},
			"a plain group":    func(u *emulator.User) { u.Groups = []string{null, plain} },
			"owner of a group": func(u *emulator.User) { u.OwnedGroups = []string{null, plain} },
			"who can join a plain group": func(u *emulator.User) {
				u.EligibleGroups = []emulator.EligibleGroup{{Group: null}, {Group: plain, Access: "owner"}}
			},
		}
}

// nameOf makes a name for a resource of a sentence.
func nameOf(sentence string) string { return strings.NewReplacer(" ", "-", "'", "").Replace(sentence) }

// The access rules let the namespace manage these users, and still nobody gets an administrator's phone.
func TestNoPhoneForAnAdministrator(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.seesAll()
	p := s.people
	protected, ordinary := s.likeAdministrators()
	maps.Copy(protected, s.administrators())
	before := s.graphStays()
	for sentence, makeAdministrator := range protected {
		u := s.user(makeAdministrator)
		name := nameOf(sentence)
		p.apply(p.phone(name, u.UPN, mobile, "+1 2065550101"), p.phone(name+"-by-id", u.ID, office, "+1 2065550102"))
	}
	for sentence := range protected {
		name := nameOf(sentence)
		p.refused(v1alpha1.ReasonPrivilegedUser, name, name+"-by-id")
		if o, err := p.get(name); err != nil || len(o.Finalizers) != 0 {
			t.Errorf("finalizers %v on a resource for which nothing was done (%v)", o.Finalizers, err)
		}
	}
	before()
	for sentence, change := range ordinary {
		name := nameOf(sentence)
		p.apply(p.phone(name, s.user(change).UPN, mobile, "+1 2065550101"))
		p.ready(name)
	}
	s.sees(v1alpha1.ReasonAllVisible)
}

// What the resource was once rightly made for does not matter: the user is asked about before each write.
func TestAUserWhoBecomesAnAdministrator(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p := s.people
	for sentence, makeAdministrator := range s.administrators() {
		t.Run(sentence, func(t *testing.T) {
			u := s.user()
			name := nameOf(sentence)
			p.apply(p.phone(name, u.UPN, mobile, "+1 2065550101"))
			p.ready(name)
			must(t, s.graph.UpdateUser(u.ID, makeAdministrator))
			unchanged := s.graphStays()

			p.edit(name, number("+1 2065550102"))
			p.refused(v1alpha1.ReasonPrivilegedUser, name)
			unchanged()

			p.apply(p.phone(name+"-office", u.UPN, office, "+1 2065550103"))
			p.refused(v1alpha1.ReasonPrivilegedUser, name+"-office")
			unchanged()

			p.remove(name)
			p.look(name) // it stays, for the phone stays
			p.refused(v1alpha1.ReasonPrivilegedUser, name)
			unchanged()

			// An administrator changes the own phone: that is not drift to be undone.
			must(t, s.graph.SetPhone(u.ID, "mobile", "+1 2065550104"))
			unchanged = s.graphStays()
			p.look(name)
			unchanged()

			must(t, s.graph.UpdateUser(u.ID, func(u *emulator.User) { u.Roles, u.EligibleRoles, u.Groups = nil, nil, nil }))
			p.look(name + "-office")
			p.gone(name)
			p.ready(name + "-office")
		})
	}
}

// One pass may write several times, and Graph may be slow: an answer about roles is good for seconds only.
func TestAUserWhoBecomesAnAdministratorBetweenTwoWrites(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	u := s.user()
	path := u.ID + "/authentication/phoneMethods$"
	must(t, s.graph.AddFault(emulator.Fault{Method: "POST", Path: path, Times: 1, Effect: emulator.Delay, AfterWork: true, Delay: 6 * time.Second}))
	s.people.apply(s.people.phone("mobile", u.UPN, mobile, "+1 2065550101"), s.people.phone("office", u.UPN, office, "+1 2065550102"))
	s.eventually("Graph has the first phone", func() error {
		if s.phones(u) == "[]" {
			return errNotYet
		}
		return nil
	})
	must(t, s.graph.UpdateUser(u.ID, func(u *emulator.User) { u.Roles = []emulator.Role{globalAdministrator} }))
	first, second := "mobile", "office"
	if s.phones(u) != "[mobile +1 2065550101]" {
		first, second = second, first
	}
	s.people.refused(v1alpha1.ReasonPrivilegedUser, second)
	s.people.ready(first)
	if done := s.done(u); len(done) != 1 || done["POST "+first] != 1 {
		t.Errorf("what Graph did: %v, want the first POST and no more", done)
	}
}

// Not to know is not to write, be it for want of a permission or of an answer. (TestARoleQuestionWithoutAnAnswer has more
// of these.)
func TestRolesThatCannotBeReadFailClosed(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.app("UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All", "RoleManagement.Read.Directory")
	group := uuid.NewString()
	must(t, s.graph.AddGroup(emulator.Group{ID: group, TenantID: s.tenantID}))
	u := s.user(func(u *emulator.User) { u.Groups = []string{group} })
	unchanged := s.graphStays()
	s.people.apply(s.people.phone("mobile", u.UPN, mobile, "+1 2065550101"))
	s.people.refusedSaying("mobile", "GroupMember.Read.All")
	unchanged()

	s.app(install.Permissions...)
	must(t, s.graph.AddFault(emulator.Fault{Path: "/transitiveMemberOf", Effect: emulator.Half}))
	v := s.user()
	unchanged = s.graphStays()
	s.people.apply(s.people.phone("half", v.UPN, mobile, "+1 2065550102"))
	s.people.reaches("half", v1alpha1.ConditionReady, unknown, v1alpha1.ReasonGraphUnavailable)
	unchanged()
	s.graph.ClearFaults()
	s.people.ready("mobile", "half")
}

// An administrator of the cluster can lift the rule, and says so in the EntraTenant.
func TestPrivilegedUsersAllowed(t *testing.T) {
	t.Parallel()
	s := newStory(t, func(spec *v1alpha1.EntraTenantSpec) { spec.PrivilegedUsers = v1alpha1.PrivilegedUsersAllow })
	s.app("UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All")
	u := s.user(func(u *emulator.User) { u.Roles = []emulator.Role{globalAdministrator} })
	s.people.apply(s.people.phone("mobile", u.UPN, mobile, "+1 2065550101"))
	s.people.ready("mobile")
	s.has(u, "mobile +1 2065550101")
}
