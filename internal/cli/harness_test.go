package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/testenv"
)

// world is a namespace of a real API server, and a person with a kubeconfig for it.
type world struct {
	client.Client
	t          *testing.T
	namespace  string
	kubeconfig string
	in         string // what the person types
}

func newWorld(t *testing.T, namespace string) *world {
	t.Helper()
	cluster := testenv.Shared(t)
	scheme := runtime.NewScheme()
	must(t, clientgoscheme.AddToScheme(scheme))
	must(t, v1alpha1.AddToScheme(scheme))
	c, err := client.New(cluster.Config(), client.Options{Scheme: scheme})
	must(t, err)
	file, err := devcluster.Kubeconfig(cluster.Config())
	must(t, err)
	w := &world{Client: c, t: t, namespace: namespace, kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	must(t, os.WriteFile(w.kubeconfig, file, 0o600))
	must(t, c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}))
	return w
}

// run types a command, and returns what it printed.
func (w *world) run(args ...string) (stdout, stderr string, err error) {
	w.t.Helper()
	var out, errOut bytes.Buffer
	err = w.typed(&out, &errOut, args...)
	for _, said := range []string{out.String(), errOut.String()} {
		if strings.Contains(said, "20655501") {
			w.t.Errorf("%s printed a number: %s", args[0], said)
		}
	}
	return out.String(), errOut.String(), err
}

// typed types a command.
func (w *world) typed(out, errOut io.Writer, args ...string) error {
	w.t.Helper()
	root := New(genericiooptions.IOStreams{In: strings.NewReader(w.in), Out: out, ErrOut: errOut})
	root.SetArgs(append([]string{"--kubeconfig=" + w.kubeconfig, "--cache-dir=" + w.t.TempDir(), "--namespace=" + w.namespace}, args...))
	return root.ExecuteContext(w.t.Context())
}

// works types a command that must succeed, and returns what it printed.
func (w *world) works(args ...string) (stdout, stderr string) {
	w.t.Helper()
	stdout, stderr, err := w.run(args...)
	if err != nil {
		w.t.Fatalf("%s: %v\n%s%s", args[0], err, stdout, stderr)
	}
	return stdout, stderr
}

// method creates a resource.
func (w *world) method(name string, change ...func(*v1alpha1.PhoneAuthenticationMethod)) *v1alpha1.PhoneAuthenticationMethod {
	w.t.Helper()
	o := &v1alpha1.PhoneAuthenticationMethod{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec: v1alpha1.PhoneAuthenticationMethodSpec{
			User: name + "@contoso.com", PhoneType: v1alpha1.PhoneTypeMobile, PhoneNumber: "+1 2065550100"},
	}
	for _, c := range change {
		c(o)
	}
	status := o.Status
	must(w.t, w.Create(w.t.Context(), o))
	if status.Conditions != nil {
		o.Status = status
		must(w.t, w.Status().Update(w.t.Context(), o))
	}
	return o
}

// actsAs has the person be a ServiceAccount with some rights in the namespace and some in the cluster.
func (w *world) actsAs(name string, inNamespace, inCluster []rbacv1.PolicyRule) {
	w.t.Helper()
	subjects := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: w.namespace, Name: name}}
	own, all := metav1.ObjectMeta{Namespace: w.namespace, Name: name}, metav1.ObjectMeta{Name: w.namespace + "-" + name}
	for _, o := range []client.Object{
		&corev1.ServiceAccount{ObjectMeta: own},
		&rbacv1.Role{ObjectMeta: own, Rules: inNamespace}, &rbacv1.ClusterRole{ObjectMeta: all, Rules: inCluster},
		&rbacv1.RoleBinding{ObjectMeta: own, Subjects: subjects, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name}},
		&rbacv1.ClusterRoleBinding{ObjectMeta: all, Subjects: subjects, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: all.Name}},
	} {
		must(w.t, w.Create(w.t.Context(), o))
	}
	cfg, err := testenv.Shared(w.t).ServiceAccount(w.t.Context(), w.namespace, name)
	must(w.t, err)
	file, err := devcluster.Kubeconfig(cfg)
	must(w.t, err)
	must(w.t, os.WriteFile(w.kubeconfig, file, 0o600))
}

func (w *world) get(name string) *v1alpha1.PhoneAuthenticationMethod {
	w.t.Helper()
	o := &v1alpha1.PhoneAuthenticationMethod{}
	must(w.t, w.Get(w.t.Context(), client.ObjectKey{Namespace: w.namespace, Name: name}, o))
	return o
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustSay(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in:\n%s", part, text)
		}
	}
}

// Short for the tables of the tests.
type (
	managedField = metav1.ManagedFieldsEntry
	v1Condition  = metav1.Condition
)

func readyFalse(reason, message string) v1Condition {
	return v1Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: reason, Message: message, LastTransitionTime: metav1.Now()}
}
