package survey

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
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
	n.Options = Options{Tenant: "contoso", Namespace: "people", pause: time.Millisecond, API: fake.NewClientBuilder().WithScheme(scheme).WithObjects(
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

func fails(user string, status int) emulator.Fault {
	return emulator.Fault{Effect: emulator.Answer, Status: status, Path: user + "/authentication"}
}

// One user whom Graph does not show does not keep the others back, whatever it says of that one.
func TestOneUserWhomGraphDoesNotShow(t *testing.T) {
	t.Parallel()
	n := newTenant(t, 12)
	must(t, n.graph.AddFault(fails(n.ids[2], http.StatusBadRequest)))
	must(t, n.graph.AddFault(fails(n.ids[5], http.StatusInternalServerError)))
	found, left, err := n.run(t)
	must(t, err)
	if d := cmp.Diff(map[string]string{n.ids[2]: v1alpha1.ReasonRejected, n.ids[5]: v1alpha1.ReasonGraphUnavailable}, left); d != "" {
		t.Errorf("left out (-want +got):\n%s", d)
	}
	if d := cmp.Diff(slices.Concat(n.ids[:2], n.ids[3:5], n.ids[6:]), found); d != "" {
		t.Errorf("found (-want +got):\n%s", d)
	}
}

// A Graph that shows nobody is no reason to leave everybody out.
func TestAGraphThatShowsNobody(t *testing.T) {
	t.Parallel()
	n := newTenant(t, 12)
	must(t, n.graph.AddFault(fails("", http.StatusInternalServerError)))
	found, left, err := n.run(t)
	if err == nil || !strings.Contains(err.Error(), "Graph does not answer") || len(found)+len(left) > 0 {
		t.Errorf("found %d, left out %d: %v", len(found), len(left), err)
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
