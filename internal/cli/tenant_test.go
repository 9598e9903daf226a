package cli

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/controllers"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testenv"
)

const (
	clientID  = "66666666-7777-8888-9999-000000000000"
	appSecret = "a-test-secret"
)

// connected is a world with an EntraTenant of the namespace's name, at a Graph of its own.
type connected struct {
	*world
	graph *emulator.Emulator
	names map[string]string // of the users, by object id
	// unrecordable: what a plan meets cannot be recorded, such as a Graph that does not answer.
	unrecordable bool
}

func newConnected(t *testing.T, namespace string, permissions []string, change ...func(*v1alpha1.EntraTenantSpec)) *connected {
	t.Helper()
	w := &connected{world: newWorld(t, namespace), graph: emulator.New(emulator.Options{Seed: 1}), names: map[string]string{}}
	id := uuid.NewString()
	must(t, w.graph.AddTenant(emulator.Tenant{ID: id, Domains: []string{"contoso.com"}}))
	must(t, w.graph.AddApp(emulator.App{ClientID: clientID, Secret: appSecret, Roles: permissions}))
	server, err := emulator.Serve(w.graph, "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	must(t, w.Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "credential"}, Data: map[string][]byte{"secret": []byte(appSecret)}}))
	spec := v1alpha1.EntraTenantSpec{
		TenantID: id, ClientID: clientID,
		Credential: v1alpha1.Credential{ClientSecret: &v1alpha1.ClientSecretCredential{
			SecretRef: v1alpha1.SecretReference{Namespace: namespace, Name: "credential", Key: "secret"}}},
		Endpoint: &v1alpha1.Endpoint{Graph: server.URL, Authority: server.URL, CABundle: server.CAPEM},
		Access: []v1alpha1.AccessRule{{
			Namespaces: metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
				Key: corev1.LabelMetadataName, Operator: metav1.LabelSelectorOpIn, Values: []string{namespace}}}},
			Users: []string{"*@contoso.com"},
		}, {
			Namespaces: metav1.LabelSelector{MatchLabels: map[string]string{"team": namespace}},
			Users:      []string{"*@contoso.com"},
		}},
	}
	for _, c := range change {
		c(&spec)
	}
	must(t, w.Create(t.Context(), &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: namespace}, Spec: spec}))
	return w
}

// least are the permissions that the operator needs.
var least = []string{"UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All", "RoleManagement.Read.Directory", "GroupMember.Read.All"}

// user adds a user of contoso.com, named as the first part of the name.
func (w *connected) user(name string, change ...func(*emulator.User)) {
	w.t.Helper()
	u := emulator.User{ID: uuid.NewString(), UPN: name}
	if !strings.Contains(name, "@") {
		u.UPN += "@contoso.com"
	}
	for _, c := range change {
		c(&u)
	}
	must(w.t, w.graph.AddUser(u))
	w.names[u.ID] = u.UPN
}

func having(phones map[string]string) func(*emulator.User) {
	return func(u *emulator.User) { u.Phones = phones }
}

// operate starts the operator's own controllers, which a process can do once. They end with the test. Until then they work for
// the tenants of these namespaces, too.
func (w *connected) operate(others ...string) {
	w.t.Helper()
	mgr, err := ctrl.NewManager(testenv.Shared(w.t).Config(), ctrl.Options{
		Scheme: w.Scheme(), Metrics: metricsserver.Options{BindAddress: "0"}, Cache: controllers.CacheOptions(),
		GracefulShutdownTimeout: new(time.Duration), Logger: logr.Discard(),
		Controller: config.Controller{SkipNameValidation: new(true)},
	})
	must(w.t, err)
	must(w.t, controllers.SetupWithManager(w.t.Context(), mgr, controllers.Options{
		MaxConcurrentReconciles: 4, CredentialNamespaces: append(others, w.namespace)}))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = mgr.Start(w.t.Context())
	}()
	w.t.Cleanup(func() { <-ended })
}

// phone is a manifest.
func (w *connected) phone(name, user, phoneType, number string, more ...string) string {
	if !strings.Contains(user, "@") {
		user += "@contoso.com"
	}
	return fmt.Sprintf("apiVersion: identity.entraops.dev/v1alpha1\nkind: PhoneAuthenticationMethod\nmetadata: {name: %s}\n"+
		"spec:\n  tenantRef: {name: %s}\n  user: %s\n  phoneType: %s\n  phoneNumber: %q\n%s", name, w.namespace, user, phoneType, number, strings.Join(more, ""))
}

// folder writes manifests, one file each.
func folder(t *testing.T, manifests ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for i, text := range manifests {
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.yaml", i)), []byte(text), 0o600))
	}
	return dir
}

// onlyLooked fails if Graph was asked for anything but to look.
func (w *connected) onlyLooked() {
	w.t.Helper()
	for _, r := range w.graph.Requests() {
		if strings.HasPrefix(r.Path, "/v1.0/") && r.Method != http.MethodGet {
			w.t.Errorf("Graph got %s %s", r.Method, r.LogPath())
		}
	}
	if n := len(w.graph.Writes()); n > 0 {
		w.t.Errorf("Graph got %d writes", n)
	}
}

// readyOf is the resource's Ready, once the operator has looked at it as it is.
func (w *connected) readyOf(key client.ObjectKey, want string) error {
	o := &v1alpha1.PhoneAuthenticationMethod{}
	if err := w.Get(w.t.Context(), key, o); err != nil {
		return err
	}
	for _, c := range o.Status.Conditions {
		if c.Type == v1alpha1.ConditionReady && c.ObservedGeneration == o.Generation {
			if c.Reason == want {
				return nil
			}
			return fmt.Errorf("%s is %s: %s", key, c.Reason, c.Message)
		}
	}
	return fmt.Errorf("%s is not judged yet", key)
}
