package entratenant

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/tenant"
)

const pimGroups = "PrivilegedEligibilitySchedule.Read.AzureADGroup"

// documented are the permissions that the documents ask for.
var documented = []string{"UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All", "GroupMember.Read.All", "RoleManagement.Read.Directory"}

// watched is an EntraTenant whose views are looked at, with a user to ask about.
type watched struct {
	*oneTenant
	user string
}

func newWatched(t *testing.T, permissions ...string) *watched {
	t.Helper()
	w := &watched{newOneTenant(t, permissions...), uuid.NewString()}
	must(w.graph.AddUser(emulator.User{ID: w.user, UPN: "ada@contoso.com"}))
	w.works()
	return w
}

// ask asks whether the user is protected, as a pass does before a write, and has the
// controller look at what came of it.
func (w *watched) ask() ([]graph.Privilege, error) {
	w.t.Helper()
	now, ok := w.Tenants.Get(tenantName)
	if !ok || now.Problem != nil {
		w.t.Fatalf("the tenant cannot be used: %+v", now)
	}
	privileges, err := now.Protection(w.t.Context(), w.user)
	must(w.reconcile())
	return privileges, err
}

func (w *watched) grant(permissions ...string) {
	spec := w.get().Spec
	must(w.graph.AddApp(emulator.App{TenantID: spec.TenantID, ClientID: spec.ClientID, Secret: "s", Roles: permissions}))
}

func (w *watched) licensed(yes bool) {
	must(w.graph.AddTenant(emulator.Tenant{ID: w.get().Spec.TenantID, Domains: []string{"contoso.com"}, WithoutP2: !yes}))
}

// restart is another operator in the place of this one; it gets a token of its own.
func (w *watched) restart() {
	w.Tenants, w.probes = tenant.NewRegistry(), probes{}
	must(w.reconcile())
}

// visible is the reason of the condition, "" if there is none.
func (w *watched) visible() (reason, message string) {
	if c := meta.FindStatusCondition(w.get().Status.Conditions, v1alpha1.ConditionProtectedUsersVisible); c != nil {
		if (c.Status == metav1.ConditionTrue) != (c.Reason == v1alpha1.ReasonAllVisible) {
			w.t.Errorf("%+v", c)
		}
		return c.Reason, c.Message
	}
	return "", ""
}

func (w *watched) says(reason string, words ...string) {
	w.t.Helper()
	got, message := w.visible()
	if got != reason {
		w.t.Errorf("ProtectedUsersVisible is %q (%s), want %q", got, message, reason)
	}
	for _, word := range words {
		if !strings.Contains(message, word) {
			w.t.Errorf("it does not say %q: %s", word, message)
		}
	}
}

func TestWhichProtectedUsersShowIsSaidOfATenant(t *testing.T) {
	all := func(roles, groups, owned v1alpha1.ViewAnswer) []v1alpha1.ProtectedUsersView {
		return []v1alpha1.ProtectedUsersView{
			{View: v1alpha1.ViewEligibleGroups, LastAnswer: groups}, {View: v1alpha1.ViewEligibleRoles, LastAnswer: roles},
			{View: v1alpha1.ViewOwnedGroups, LastAnswer: owned},
		}
	}
	both := func(roles, groups v1alpha1.ViewAnswer) []v1alpha1.ProtectedUsersView {
		return all(roles, groups, v1alpha1.ViewAnswered)
	}
	for name, tc := range map[string]struct {
		permissions []string
		unlicensed  bool
		ownedNeed   string // what opens owned objects, where that is not the default
		want        []v1alpha1.ProtectedUsersView
		reason      string
		words       []string
	}{
		"all": {append([]string{pimGroups}, documented...), false, "", both(v1alpha1.ViewAnswered, v1alpha1.ViewAnswered), v1alpha1.ReasonAllVisible, nil},
		"with what the documents ask for": {
			documented, false, "", both(v1alpha1.ViewAnswered, v1alpha1.ViewNotGranted), v1alpha1.ReasonPermissionMissing, []string{"PIM for Groups", "grant the app registration " + pimGroups},
		},
		"what the documents ask for, where that does not open owned objects": {
			documented, false, "users", all(v1alpha1.ViewAnswered, v1alpha1.ViewNotGranted, v1alpha1.ViewNotGranted), v1alpha1.ReasonPermissionMissing,
			[]string{"PIM for Groups", "who owns a role-assignable group", pimGroups + " and User.Read.All"},
		},
		"all, where it takes User.Read.All": {
			append([]string{pimGroups, "User.Read.All"}, documented...), false, "users", both(v1alpha1.ViewAnswered, v1alpha1.ViewAnswered), v1alpha1.ReasonAllVisible, nil,
		},
		"without a licence": {
			append([]string{pimGroups}, documented...), true, "", both(v1alpha1.ViewUnlicensed, v1alpha1.ViewUnlicensed), v1alpha1.ReasonUnlicensed, []string{"licence", "may activate a directory role", "PIM for Groups"},
		},
		"without a licence and a permission": {
			documented, true, "", both(v1alpha1.ViewUnlicensed, v1alpha1.ViewNotGranted), v1alpha1.ReasonPermissionMissing, []string{pimGroups, "licence"},
		},
		"neither permission": {
			[]string{"User.Read.All", "Directory.Read.All"}, false, "", both(v1alpha1.ViewNotGranted, v1alpha1.ViewNotGranted), v1alpha1.ReasonPermissionMissing,
			[]string{"may activate a directory role (PIM) and who may become", pimGroups + " and RoleManagement.Read.Directory"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatched(t, tc.permissions...)
			w.licensed(!tc.unlicensed)
			if tc.ownedNeed != "" {
				must(w.graph.SetAssumptions(emulator.Assumptions{emulator.OwnedObjects: tc.ownedNeed}))
			}
			w.says("") // nobody asked yet
			privileges, err := w.ask()
			if err != nil || len(privileges) > 0 {
				t.Fatalf("%v, %v", privileges, err)
			}
			if diff := cmp.Diff(tc.want, w.get().Status.ProtectedUsers); diff != "" {
				t.Error(diff)
			}
			w.says(tc.reason, tc.words...)
			_, message := w.visible()
			w.restart()
			w.says(tc.reason, message)
			w.edit(func(s *v1alpha1.EntraTenantSpec) { s.PrivilegedUsers = v1alpha1.PrivilegedUsersAllow })
			must(w.reconcile())
			w.says("")
		})
	}
}

func TestALicenceThatEndsIsNoStandstill(t *testing.T) {
	w := newWatched(t, append([]string{pimGroups}, documented...)...)
	must(w.graph.UpdateUser(w.user, func(u *emulator.User) {
		u.EligibleRoles = []emulator.Role{{TemplateID: "62e90394-69f5-4237-9190-012177145e10"}}
	}))
	if privileges, err := w.ask(); err != nil || len(privileges) != 1 {
		t.Fatalf("%v, %v", privileges, err)
	}
	w.says(v1alpha1.ReasonAllVisible)
	must(w.graph.UpdateUser(w.user, func(u *emulator.User) { u.EligibleRoles = nil })) // as Entra does
	w.licensed(false)
	for range 2 {
		if privileges, err := w.ask(); err != nil || len(privileges) > 0 {
			t.Fatalf("%v, %v", privileges, err)
		}
		w.says(v1alpha1.ReasonUnlicensed)
		w.restart()
	}
	w.licensed(true)
	if _, err := w.ask(); err != nil {
		t.Fatal(err)
	}
	w.says(v1alpha1.ReasonAllVisible)
}

// What was seen once must not be lost without a word; and there is a way on.
func TestAPermissionThatWasTakenAway(t *testing.T) {
	touched := func(w *watched) {
		s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "graph"}, Data: map[string][]byte{"clientSecret": []byte("s"), "touched": {}}}
		must(w.Client.Update(w.t.Context(), s))
		must(w.reconcile())
	}
	for name, newToken := range map[string]func(*watched){"over a restart": (*watched).restart, "while the operator runs": touched} {
		t.Run(name, func(t *testing.T) {
			w := newWatched(t, append([]string{pimGroups}, documented...)...)
			if _, err := w.ask(); err != nil {
				t.Fatal(err)
			}
			w.grant(documented...)
			newToken(w)
			for range 2 {
				_, err := w.ask()
				if graph.KindOf(err) != graph.Forbidden || !strings.Contains(err.Error(), pimGroups) {
					t.Fatalf("error = %v", err)
				}
				w.says(v1alpha1.ReasonPermissionRevoked, pimGroups, "nothing is written", "--subresource=status")
				w.restart()
			}
			for len(w.woken) > 0 {
				<-w.woken
			}

			// An administrator accepts it, with what the condition says.
			o := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: tenantName}}
			must(w.Client.Status().Patch(t.Context(), o, client.RawPatch(types.MergePatchType, []byte(`{"status":{"protectedUsers":null}}`))))
			must(w.reconcile())
			if len(w.woken) == 0 {
				t.Error("nobody was woken")
			}
			if _, err := w.ask(); err != nil {
				t.Fatal(err)
			}
			w.says(v1alpha1.ReasonPermissionMissing, pimGroups)

			// Granted again it counts again.
			w.grant(append([]string{pimGroups}, documented...)...)
			w.restart()
			if _, err := w.ask(); err != nil {
				t.Fatal(err)
			}
			w.says(v1alpha1.ReasonAllVisible)
		})
	}
}

func TestAPermissionThatIsBackIsBelievedAtOnce(t *testing.T) {
	w := newWatched(t, append([]string{pimGroups}, documented...)...)
	_, err := w.ask()
	must(err)
	w.grant(documented...)
	w.restart()
	if _, err := w.ask(); graph.KindOf(err) != graph.Forbidden {
		t.Fatal(err)
	}
	w.grant(append([]string{pimGroups}, documented...)...)
	w.restart()
	if _, err := w.ask(); err != nil {
		t.Fatal(err)
	}
	w.says(v1alpha1.ReasonAllVisible)
}

// An answer that cannot be written down is not acted on: the next operator would not
// know that there was one.
func TestAnAnswerThatIsNotRememberedIsNone(t *testing.T) {
	w := newWatched(t, documented...)
	whole := w.Client
	down := true
	w.Client = interceptor.NewClient(whole.(client.WithWatch), interceptor.Funcs{
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			if down {
				return context.DeadlineExceeded
			}
			return c.SubResource(sub).Patch(ctx, o, p, opts...)
		},
	})
	now, _ := w.Tenants.Get(tenantName)
	if privileges, err := now.Protection(t.Context(), w.user); err == nil {
		t.Errorf("%v and no error", privileges)
	}
	down = false
	if _, err := w.ask(); err != nil {
		t.Error(err)
	}
	w.says(v1alpha1.ReasonPermissionMissing)
}

// The memory is written when an answer changes, and not at each write of a phone.
func TestTheViewsAreWrittenRarely(t *testing.T) {
	w := newWatched(t, documented...)
	_, err := w.ask()
	must(err)
	before := w.get().ResourceVersion
	for range 5 {
		_, err := w.ask()
		must(err)
	}
	if after := w.get().ResourceVersion; after != before {
		t.Errorf("the EntraTenant was written: %s, before %s", after, before)
	}
}
