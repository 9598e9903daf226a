package controllers_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

const pimGroups = "PrivilegedEligibilitySchedule.Read.AzureADGroup"

var guarding = []string{
	"UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All", "GroupMember.Read.All", "RoleManagement.Read.Directory", pimGroups,
}

// guarded is a directory of its own whose app sees every kind of protected users, and
// the name of its EntraTenant.
func (s *story) guarded() (id, name string) {
	s.t.Helper()
	id = s.directory("x")
	s.grant(id, guarding...)
	o := s.tenantOf(id, "x")
	s.tenantReaches(o.Name, yes, v1alpha1.ReasonReady)
	return id, o.Name
}

func (s *story) grant(id string, permissions ...string) {
	s.t.Helper()
	must(s.t, s.graph.AddApp(emulator.App{TenantID: id, ClientID: clientID, Secret: "x", Roles: permissions}))
}

func (s *story) licensed(id string, yes bool) {
	s.t.Helper()
	must(s.t, s.graph.AddTenant(emulator.Tenant{ID: id, Domains: []string{id[:8] + ".example"}, WithoutP2: !yes}))
}

// sees waits until the EntraTenant says of the protected users what it should.
func (s *story) sees(name, reason string) string {
	s.t.Helper()
	message := ""
	s.eventually("ProtectedUsersVisible is "+reason, func() error {
		var o v1alpha1.EntraTenant
		if err := s.Get(s.t.Context(), client.ObjectKey{Name: name}, &o); err != nil {
			return err
		}
		c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionProtectedUsersVisible)
		if c == nil || c.Reason != reason {
			return fmt.Errorf("it is %+v, from %+v", c, o.Status.ProtectedUsers)
		}
		message = c.Message
		return nil
	})
	return message
}

// restarted lets another operator take over, with tokens of its own.
func (s *story) restarted() {
	s.kill()
	metrics.Registry = prometheus.NewRegistry() // for the metrics of another operator in this process
	s.operate(s.t)
}

// Whom Entra protects nobody writes for; everybody else is in groups, too.
func TestWhomEntraProtects(t *testing.T) {
	s := newStory(t)
	id, name := s.guarded()
	group := func(assignable *bool) string {
		g := emulator.Group{ID: uuid.NewString(), TenantID: id, DisplayName: "A group", IsAssignableToRole: assignable}
		must(t, s.graph.AddGroup(g))
		return g.ID
	}
	null, ordinary, assignable := group(nil), group(new(false)), group(new(true))
	helpdesk := emulator.Role{TemplateID: "729827e3-9c14-49f7-bb1b-9608f156bbb8", DisplayName: "Helpdesk Administrator"}
	scoped, custom := helpdesk, emulator.Role{TemplateID: uuid.NewString(), Custom: true}
	scoped.Scope = "/administrativeUnits/" + uuid.NewString()

	users := map[string]emulator.User{}
	for name, change := range map[string]func(*emulator.User){
		"ordinary-member": func(u *emulator.User) { u.Groups = []string{null, ordinary} },
		"ordinary-owner":  func(u *emulator.User) { u.OwnedGroups = []string{null, ordinary} },
		"ordinary-eligible": func(u *emulator.User) {
			u.EligibleGroups = []emulator.EligibleGroup{{Group: null}, {Group: ordinary, Access: "owner"}}
		},
		"holder":   func(u *emulator.User) { u.Roles = []emulator.Role{helpdesk} },
		"scoped":   func(u *emulator.User) { u.Roles = []emulator.Role{scoped} },
		"custom":   func(u *emulator.User) { u.Roles = []emulator.Role{custom} },
		"member":   func(u *emulator.User) { u.Groups = []string{null, assignable} },
		"owner":    func(u *emulator.User) { u.OwnedGroups = []string{ordinary, assignable} },
		"may-hold": func(u *emulator.User) { u.EligibleRoles = []emulator.Role{scoped} },
		"may-join": func(u *emulator.User) { u.EligibleGroups = []emulator.EligibleGroup{{Group: assignable}} },
		"may-own": func(u *emulator.User) {
			u.EligibleGroups = []emulator.EligibleGroup{{Group: assignable, Access: "owner"}}
		},
	} {
		users[name] = s.user(func(u *emulator.User) { u.TenantID = id; change(u) })
		s.apply(s.pam(name, users[name].ID, mobile, "+1 2065550101", in("t-"+id[:8])))
	}
	for name, u := range users {
		if strings.HasPrefix(name, "ordinary") {
			s.ready(name)
			s.has(u, "mobile +1 2065550101")
			continue
		}
		s.reaches(name, v1alpha1.ConditionAccepted, no, v1alpha1.ReasonPrivilegedUser)
		if w := s.writes(u); len(w) > 0 {
			t.Errorf("%s: %v", name, w)
		}
	}
	s.sees(name, v1alpha1.ReasonAllVisible)
}

func TestALicenceThatEndsWhileTheOperatorRuns(t *testing.T) {
	s := newStory(t)
	id, name := s.guarded()
	u := s.user(func(u *emulator.User) { u.TenantID = id })
	s.apply(s.pam("mobile", u.ID, mobile, "+1 2065550101", in(name)))
	s.ready("mobile")
	s.sees(name, v1alpha1.ReasonAllVisible)
	s.licensed(id, false)
	s.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.PhoneNumber = "+1 2065550102" })
	s.ready("mobile")
	s.has(u, "mobile +1 2065550102")
	s.sees(name, v1alpha1.ReasonUnlicensed)

	s.restarted()
	s.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.PhoneNumber = "+1 2065550103" })
	s.has(u, "mobile +1 2065550103")
	s.sees(name, v1alpha1.ReasonUnlicensed)
}

// A refusal that no permission could mend is no word about the user.
func TestAQuestionThatIsRefusedForNoReason(t *testing.T) {
	for _, collection := range []string{"transitiveMemberOf", "ownedObjects", "roleAssignments", "roleEligibilityScheduleInstances", "privilegedAccess/group"} {
		for _, status := range []int{http.StatusForbidden, http.StatusNotFound} {
			t.Run(fmt.Sprint(collection, " ", status), func(t *testing.T) {
				s := newStory(t)
				id, name := s.guarded()
				u := s.user(func(u *emulator.User) { u.TenantID = id })
				app := emulator.Fault{Method: http.MethodGet, Path: u.ID + "/" + collection, Effect: emulator.Answer, Status: status, Code: "UnknownError"}
				if strings.HasPrefix(collection, "role") || strings.HasPrefix(collection, "privileged") {
					app.Path = collection // the user is in the query
				}
				must(t, s.graph.AddFault(app))
				defer s.graph.ClearFaults()
				s.apply(s.pam("mobile", u.ID, mobile, "+1 2065550101", in(name)))
				s.reaches("mobile", v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonGraphUnavailable)
				if w := s.writes(u); len(w) > 0 {
					t.Errorf("%v", w)
				}
				s.graph.ClearFaults()
				s.ready("mobile")
			})
		}
	}
}

// What Graph showed once it must show again, whoever asks; an administrator may decide otherwise.
func TestAPermissionThatIsTakenAwayBetweenTwoOperators(t *testing.T) {
	s := newStory(t)
	id, name := s.guarded()
	u := s.user(func(u *emulator.User) { u.TenantID = id })
	s.apply(s.pam("mobile", u.ID, mobile, "+1 2065550101", in(name)))
	s.ready("mobile")
	s.sees(name, v1alpha1.ReasonAllVisible)

	s.grant(id, slices.DeleteFunc(slices.Clone(guarding), func(p string) bool { return p == pimGroups })...)
	s.restarted()
	s.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.PhoneNumber = "+1 2065550102" })
	o := s.reaches("mobile", v1alpha1.ConditionAccepted, no, v1alpha1.ReasonPrivilegedUser)
	if c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionAccepted); !strings.Contains(c.Message, "has lost "+pimGroups) {
		t.Errorf("it says %s", c.Message)
	}
	if message := s.sees(name, v1alpha1.ReasonPermissionRevoked); !strings.Contains(message, "kubectl patch entratenant "+name+" --subresource=status") {
		t.Errorf("it says %s", message)
	}
	s.has(u, "mobile +1 2065550101")

	tenant := &v1alpha1.EntraTenant{}
	tenant.Name = name
	must(t, s.Status().Patch(t.Context(), tenant, client.RawPatch(types.MergePatchType, []byte(`{"status":{"protectedUsers":null}}`))))
	s.ready("mobile")
	s.has(u, "mobile +1 2065550102")
	s.sees(name, v1alpha1.ReasonPermissionMissing)
}

// What opens the objects that a user owns is not certain: where Graph refuses to show them, the operator
// goes on and says so, until it has seen them once. A refusal then is of one user, and says nothing of the others.
func TestOwnersThatGraphDoesNotShow(t *testing.T) {
	s := newStory(t)
	id, name := s.guarded()
	u := s.user(func(u *emulator.User) { u.TenantID = id })
	refused := emulator.Fault{Method: http.MethodGet, Path: u.ID + "/ownedObjects", Effect: emulator.Answer, Status: http.StatusForbidden, Code: "Authorization_RequestDenied"}
	must(t, s.graph.AddFault(refused))
	defer s.graph.ClearFaults()
	s.apply(s.pam("mobile", u.ID, mobile, "+1 2065550101", in(name)))
	s.ready("mobile")
	s.has(u, "mobile +1 2065550101")
	if message := s.sees(name, v1alpha1.ReasonPermissionMissing); !strings.Contains(message, "User.Read.All") {
		t.Errorf("it says %s", message)
	}

	s.graph.ClearFaults()
	s.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.PhoneNumber = "+1 2065550102" })
	s.has(u, "mobile +1 2065550102")
	s.sees(name, v1alpha1.ReasonAllVisible)

	must(t, s.graph.AddFault(refused))
	s.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.PhoneNumber = "+1 2065550103" })
	o := s.reaches("mobile", v1alpha1.ConditionAccepted, no, v1alpha1.ReasonPrivilegedUser)
	if c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionAccepted); !strings.Contains(c.Message, "which groups other users own") {
		t.Errorf("it says %s", c.Message)
	}
	s.sees(name, v1alpha1.ReasonAllVisible)
	s.has(u, "mobile +1 2065550102")
}
