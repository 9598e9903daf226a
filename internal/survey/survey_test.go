package survey

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// tenant is a Graph, and a survey of it that does not wait long.
type tenant struct {
	Options
	graph *emulator.Emulator
	ids   []string // of its users, in the order of Graph
}

func newTenant(t *testing.T, users int) *tenant {
	t.Helper()
	g := emulator.New(emulator.Options{Seed: 1})
	id := uuid.NewString()
	must(t, g.AddTenant(emulator.Tenant{ID: id}))
	must(t, g.AddApp(emulator.App{ClientID: uuid.Nil.String(), Secret: "secret", Roles: []string{"UserAuthMethod-Phone.Read.All", "User.ReadBasic.All"}}))
	server, err := emulator.Serve(g, "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	n := &tenant{graph: g}
	for range users {
		u := emulator.User{ID: uuid.NewString(), Phones: map[string]string{emulator.Mobile: "+1 2065550101"}}
		u.UPN = u.ID[:8] + "@contoso.com"
		must(t, g.AddUser(u))
		n.ids = append(n.ids, u.ID)
	}
	slices.Sort(n.ids)
	scheme := runtime.NewScheme()
	must(t, v1alpha1.AddToScheme(scheme))
	must(t, clientgoscheme.AddToScheme(scheme))
	n.Options = Options{Tenant: "contoso", Namespace: "people", Of: Selection{All: true}, pause: time.Millisecond, API: fake.NewClientBuilder().WithScheme(scheme).WithObjects(
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "people", Labels: map[string]string{"phones": "yes"}}},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "people", Name: "graph"}, Data: map[string][]byte{"secret": []byte("secret")}},
		&v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: "contoso"}, Spec: v1alpha1.EntraTenantSpec{
			TenantID: id, ClientID: uuid.Nil.String(), PrivilegedUsers: v1alpha1.PrivilegedUsersAllow,
			Credential: v1alpha1.Credential{ClientSecret: &v1alpha1.ClientSecretCredential{
				SecretRef: v1alpha1.SecretReference{Namespace: "people", Name: "graph", Key: "secret"}}},
			Endpoint: &v1alpha1.Endpoint{Graph: server.URL, Authority: server.URL, CABundle: server.CAPEM},
			Limits:   &v1alpha1.Limits{AuthenticationRequestsPerMinute: new(int32(60000))},
			Access:   []v1alpha1.AccessRule{{Namespaces: metav1.LabelSelector{MatchLabels: map[string]string{"phones": "yes"}}, Users: []string{"*"}}},
		}}).Build()}
	return n
}

// changes the EntraTenant.
func (n *tenant) changes(t *testing.T, change func(*v1alpha1.EntraTenantSpec)) {
	t.Helper()
	o := &v1alpha1.EntraTenant{}
	must(t, n.API.Get(t.Context(), client.ObjectKey{Name: "contoso"}, o))
	change(&o.Spec)
	must(t, n.API.Update(t.Context(), o))
}

// coversContoso has the rules cover of all users only those of contoso.com.
func (n *tenant) coversContoso(t *testing.T) {
	t.Helper()
	n.changes(t, func(spec *v1alpha1.EntraTenantSpec) { spec.Access[0].Users = []string{"*@contoso.com"} })
}

// protects has the users whom Entra protects left out.
func (n *tenant) protects(t *testing.T) {
	t.Helper()
	n.changes(t, func(spec *v1alpha1.EntraTenantSpec) { spec.PrivilegedUsers = v1alpha1.PrivilegedUsersDeny })
	must(t, n.graph.AddApp(emulator.App{ClientID: uuid.Nil.String(), Secret: "secret",
		Roles: []string{"UserAuthMethod-Phone.Read.All", "User.ReadBasic.All", "RoleManagement.Read.Directory", "GroupMember.Read.All"}}))
}

// run returns the users whose phones were found, and of the others what was said.
func (n *tenant) run(t *testing.T) (found []string, left map[string]string, err error) {
	t.Helper()
	left = map[string]string{}
	_, err = Run(t.Context(), n.Options, func(p Person) error {
		if len(p.Phones) > 0 {
			found = append(found, p.ID)
		}
		for _, l := range p.Left {
			left[p.ID] = l.Reason
		}
		return nil
	})
	return found, left, err
}

// One user whom Graph does not show does not keep the others back, whichever of the questions it does not answer.
func TestOneUserWhomGraphDoesNotShow(t *testing.T) {
	t.Parallel()
	n := newTenant(t, 16)
	n.protects(t)
	want := map[string]string{}
	failing := func(status int) emulator.Fault { return emulator.Fault{Effect: emulator.Answer, Status: status} }
	for at, fails := range map[int]struct {
		path  string // behind the user's
		fault emulator.Fault
		want  string
	}{
		2:  {"/authentication", failing(http.StatusBadRequest), v1alpha1.ReasonRejected},
		5:  {"/authentication", failing(http.StatusInternalServerError), v1alpha1.ReasonGraphUnavailable},
		7:  {"$", failing(http.StatusInternalServerError), v1alpha1.ReasonGraphUnavailable},
		9:  {"$", failing(http.StatusBadRequest), v1alpha1.ReasonRejected},
		11: {"/transitiveMemberOf", failing(http.StatusInternalServerError), v1alpha1.ReasonGraphUnavailable},
		13: {"/transitiveMemberOf", emulator.Fault{Effect: emulator.DeleteUser}, v1alpha1.ReasonUserNotFound},
	} {
		fails.fault.Path = "users/" + n.ids[at] + fails.path
		must(t, n.graph.AddFault(fails.fault))
		want[n.ids[at]] = fails.want
	}
	found, left, err := n.run(t)
	must(t, err)
	if d := cmp.Diff(want, left); d != "" {
		t.Errorf("left out (-want +got):\n%s", d)
	}
	if d := cmp.Diff(slices.DeleteFunc(slices.Clone(n.ids), func(id string) bool { return want[id] != "" }), found); d != "" {
		t.Errorf("found (-want +got):\n%s", d)
	}
}

// Where Graph shows of nobody whether Entra protects them, nobody is left out for that, and done with: it ends.
func TestAGraphThatShowsNobodysProtection(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusInternalServerError, http.StatusBadRequest} {
		n := newTenant(t, 4)
		n.protects(t)
		must(t, n.graph.AddFault(emulator.Fault{Effect: emulator.Answer, Status: status, Path: "/transitiveMemberOf"}))
		if found, left, err := n.run(t); err == nil || len(found)+len(left) > 0 {
			t.Errorf("%d: found %d, left out %d: %v", status, len(found), len(left), err)
		}
	}
}

// Whether Entra protects users is asked only of those with a phone: it takes several requests for each.
func TestProtectionOfUsersWithoutAPhone(t *testing.T) {
	t.Parallel()
	n := newTenant(t, 1)
	n.protects(t)
	chief := emulator.User{ID: uuid.NewString(), UPN: "chief@contoso.com", Roles: []emulator.Role{{TemplateID: "62e90394-69f5-4237-9190-012177145e10"}}}
	must(t, n.graph.AddUser(chief))
	n.graph.ResetRequests()
	without := 0
	_, err := Run(t.Context(), n.Options, func(p Person) error {
		if p.Without {
			without++
		}
		return nil
	})
	must(t, err)
	if without != 1 {
		t.Errorf("%d are without a phone", without)
	}
	for _, r := range n.graph.Requests() {
		if strings.Contains(r.Path+r.Query, chief.ID) && !strings.HasSuffix(r.Path, "/phoneMethods") {
			t.Errorf("%s was asked for", r.LogPath())
		}
	}
}

// refuses answers as Graph does where the token has the permission, and a user is in a restricted unit.
func refuses(path string) emulator.Fault {
	return emulator.Fault{Effect: emulator.Answer, Status: http.StatusForbidden, Code: "accessDenied", Path: path}
}

// Where Graph shows nobody, or refuses everybody, now or from some user on, that is no matter of one user: it ends, and leaves
// nobody out for it.
func TestAGraphThatShowsNobody(t *testing.T) {
	t.Parallel()
	later := refuses("/authentication")
	later.From = 20
	for want, tc := range map[string]struct {
		fault emulator.Fault
		users int
	}{
		"Graph does not answer":                {emulator.Fault{Effect: emulator.Answer, Status: http.StatusInternalServerError, Path: "/authentication"}, 12},
		"shows none of the first 25 users":     {refuses("/authentication"), 40},
		"refuses by now what it showed before": {later, 40},
	} {
		n := newTenant(t, tc.users)
		must(t, n.graph.AddFault(tc.fault))
		found, left, err := n.run(t)
		if err == nil || !strings.Contains(err.Error(), want) || len(left) > 0 {
			t.Errorf("%s: left out %d: %v", want, len(left), err)
		}
		if d := cmp.Diff(n.ids[:len(found)], found, cmpopts.EquateEmpty()); d != "" || (len(found) > 0) != (tc.fault.From > 0) {
			t.Errorf("%s: found (-want +got):\n%s", want, d)
		}
	}
}

// Restricted users are left out: among others, whoever is the first, and where there are no others.
func TestRestrictedUsers(t *testing.T) {
	t.Parallel()
	for sentence, few := range map[string][]int{"the first ones": {0, 1, 2}, "one in the middle": {7}, "the last": {11}, "all": {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			n := newTenant(t, 12)
			want, others := map[string]string{}, slices.Clone(n.ids)
			for _, at := range few {
				must(t, n.graph.AddFault(refuses(n.ids[at]+"/authentication")))
				want[n.ids[at]] = v1alpha1.ReasonUserRestricted
			}
			found, left, err := n.run(t)
			must(t, err)
			if d := cmp.Diff(want, left); d != "" {
				t.Errorf("left out (-want +got):\n%s", d)
			}
			others = slices.DeleteFunc(others, func(id string) bool { return want[id] != "" })
			if !slices.Equal(others, found) {
				t.Errorf("found %v, want %v", found, others)
			}
		})
	}
}

func TestASurveyThatIsCalledOff(t *testing.T) {
	n := newTenant(t, 12)
	ctx, cancel := context.WithCancel(t.Context())
	put := 0
	_, err := Run(ctx, n.Options, func(Person) error {
		if put++; put == 3 {
			cancel()
		}
		return nil
	})
	if err == nil || put < 3 {
		t.Errorf("%d were put: %v", put, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
