package flux

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// world is a real API server with the real operator, installed as config/default says, and a Graph.
type world struct {
	*install.Cluster
	graph *emulator.Emulator
}

const tenant = "contoso"

func newWorld(t *testing.T) *world {
	t.Helper()
	ctrl.SetLogger(logr.Discard())
	ctx, dir := t.Context(), t.TempDir()
	must(t, install.Build(ctx, dir, "."))
	c, err := install.Start(dir, devcluster.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, c.Stop()) })
	_, err = c.Install(ctx)
	must(t, err)
	w := &world{Cluster: c, graph: emulator.New(emulator.Options{Seed: 1})}
	id := uuid.NewString()
	must(t, w.graph.AddTenant(emulator.Tenant{ID: id}))
	must(t, w.graph.AddApp(emulator.App{ClientID: install.ClientID, Secret: "a-test-secret", Roles: install.Permissions}))
	endpoint, server := install.Serve(w.graph)
	t.Cleanup(server.Close)
	operator, err := c.Run(ctx, install.Launch{Probes: true})
	must(t, err)
	t.Cleanup(operator.Kill)
	must(t, c.Declare(ctx, install.Tenant{
		Name: tenant, ID: id, Secret: "a-test-secret", Graph: endpoint,
		Access: []v1alpha1.AccessRule{{Namespaces: metav1.LabelSelector{MatchLabels: map[string]string{"phones": "flux"}}, Users: []string{"*"}}},
	}))
	return w
}

// space makes a namespace that may manage everybody's phones.
func (w *world) space(t *testing.T, name string) {
	t.Helper()
	must(t, w.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"phones": "flux"}}}))
}

// user adds a user without phones, and returns the object id.
func (w *world) user(t *testing.T, name string) (id string) {
	t.Helper()
	id = uuid.NewString()
	must(t, w.graph.AddUser(emulator.User{ID: id, UPN: name + "@contoso.com"}))
	return id
}

// phones are those that Graph has of a user, such as "mobile +1 2065550101".
func (w *world) phones(id string) string {
	var all []string
	for _, p := range w.graph.Phones(id) {
		all = append(all, p.Type+" "+p.Number)
	}
	return strings.Join(all, ", ")
}

// writes are what Graph was asked to change of a user since there were so many writes.
func (w *world) writes(id string, since int) (all []string) {
	for _, r := range w.graph.Writes()[since:] {
		if r.User == id {
			all = append(all, r.Method)
		}
	}
	return all
}

// describe is for failures: what the operator says of a namespace.
func (w *world) describe(namespace string) string {
	var list v1alpha1.PhoneAuthenticationMethodList
	if err := w.List(context.Background(), &list, client.InNamespace(namespace)); err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, o := range list.Items {
		fmt.Fprintf(&b, "%s:", o.Name)
		for _, c := range o.Status.Conditions {
			fmt.Fprintf(&b, " %s=%s/%s: %s;", c.Type, c.Status, c.Reason, c.Message)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// phone is a manifest.
func phone(name, user, phoneType, number string, more ...string) string {
	return fmt.Sprintf("apiVersion: identity.entraops.dev/v1alpha1\nkind: PhoneAuthenticationMethod\nmetadata: {name: %s}\n"+
		"spec:\n  tenantRef: {name: %s}\n  user: %s@contoso.com\n  phoneType: %s\n  phoneNumber: %q\n%s", name, tenant, user, phoneType, number, strings.Join(more, ""))
}

// ofSecret is a manifest whose number is in a Secret, and the Secret.
func ofSecret(name, user, phoneType, number string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %[1]s}\nstringData: {number: %[5]q}\n---\n"+
		"apiVersion: identity.entraops.dev/v1alpha1\nkind: PhoneAuthenticationMethod\nmetadata: {name: %[1]s}\n"+
		"spec:\n  tenantRef: {name: %[2]s}\n  user: %[3]s@contoso.com\n  phoneType: %[4]s\n  phoneNumberFrom: {secretKeyRef: {name: %[1]s, key: number}}\n",
		name, tenant, user, phoneType, number)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
