package config_test

import (
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/testenv"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// The life of a release on a real API server, one part after the other: an older chart, the upgrade, what the operator
// wrote in between, the uninstall, and a second installation.
func TestLifeOfARelease(t *testing.T) {
	const (
		some    = "{webhook: {enabled: true}, watchNamespaces: [people], admissionPolicies: {usersOfNamespaces: {enabled: true, table: {people: '@contoso.com'}}}}"
		tenants = "tenants: {default: " + aTenant + "}"
	)
	c, run := withHelm(t)
	people := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "people"}}
	restricted := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}}}
	for _, o := range []client.Object{people, restricted} {
		if err := c.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}

	if err := run(t, "install", install.Chart, some, tenants); err == nil || !strings.Contains(err.Error(), "install without tenants, then add them with helm upgrade") {
		t.Fatalf("tenants before their kind: %v", err)
	}
	const phones = "phoneauthenticationmethods.identity.entraops.dev"
	if err := run(t, "install", older(t), some); err != nil {
		t.Fatal(err)
	}
	if n := columns(t, c, phones); n != 0 {
		t.Fatalf("the older CRD has %d columns", n)
	}

	// The operator has written its certificates, and somebody declares a phone.
	var secret corev1.Secret
	var configuration admissionregistrationv1.ValidatingWebhookConfiguration
	fetchWith(t, c, &secret, namespace, webhook)
	secret.Data = map[string][]byte{"tls.crt": []byte("certificate")}
	fetchWith(t, c, &configuration, "", webhook)
	for i := range configuration.Webhooks {
		configuration.Webhooks[i].ClientConfig.CABundle = authority(t)
	}
	for _, o := range []client.Object{&secret, &configuration} {
		if err := c.Update(t.Context(), o, client.FieldOwner("phone-operator")); err != nil {
			t.Fatal(err)
		}
	}
	// The CRD is served, and the policies are in force, a moment later.
	testenv.Eventually(t, time.Minute, "the policy for users", func() error {
		return refused(c.Create(t.Context(), method("people", "ada@fabrikam.com"), client.DryRunAll), "whose names end with @contoso.com")
	})
	testenv.Eventually(t, time.Minute, "the policy for metadata", func() error {
		o := method("people", "ada@contoso.com")
		o.SetLabels(map[string]string{"identity.entraops.dev/no-such": "label"})
		return refused(c.Create(t.Context(), o, client.DryRunAll), "no label or annotation of the operator is called")
	})
	phone := method("people", "ada@contoso.com")
	if err := c.Create(t.Context(), phone); err != nil {
		t.Fatal(err)
	}

	if err := run(t, "upgrade", install.Chart, some, tenants); err != nil {
		t.Fatal(err)
	}
	if columns(t, c, phones) == 0 {
		t.Error("the upgrade does not upgrade the CRD")
	}
	fetchWith(t, c, &secret, namespace, webhook)
	fetchWith(t, c, &configuration, "", webhook)
	if string(secret.Data["tls.crt"]) != "certificate" {
		t.Error("the upgrade takes away the operator's certificate")
	}
	for _, w := range configuration.Webhooks {
		if len(w.ClientConfig.CABundle) == 0 {
			t.Errorf("the upgrade takes away the CA of %s", w.Name)
		}
	}
	if err := c.Get(t.Context(), client.ObjectKey{Name: "default"}, entraTenant()); err != nil {
		t.Errorf("the tenant of the values: %v", err)
	}
	if err := run(t, "upgrade", install.Chart, some); err != nil { // without the tenant
		t.Fatal(err)
	}

	if err := run(t, "uninstall", ""); err != nil {
		t.Fatal(err)
	}
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "phone-operator-controller-manager"}, &appsv1.Deployment{}); !apierrors.IsNotFound(err) {
		t.Errorf("the Deployment after the uninstall: %v", err)
	}
	for _, o := range []client.Object{phone, entraTenant()} {
		if o.GetName() == "" {
			o.SetName("default")
		}
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(o), o); err != nil || o.GetDeletionTimestamp() != nil {
			t.Errorf("%s %s after the uninstall: %v", o.GetObjectKind().GroupVersionKind().Kind, o.GetName(), err)
		}
	}
	if err := run(t, "install", install.Chart, some, tenants); err != nil {
		t.Errorf("a second installation: %v", err)
	}
}

// An operator that elects a leader becomes one that does not, and back.
func TestAReleaseStopsToElectALeader(t *testing.T) {
	const elects, alone = "{replicas: 2, leaderElection: {enabled: true}}", "{replicas: 1, leaderElection: {enabled: false}}"
	c, run := withHelm(t)
	for _, step := range []struct {
		verb, values string
		want         appsv1.DeploymentStrategyType
	}{
		{"install", elects, appsv1.RollingUpdateDeploymentStrategyType},
		{"upgrade", alone, appsv1.RecreateDeploymentStrategyType},
		{"upgrade", elects, appsv1.RollingUpdateDeploymentStrategyType},
	} {
		if err := run(t, step.verb, install.Chart, step.values); err != nil {
			t.Fatal(err)
		}
		var d appsv1.Deployment
		fetchWith(t, c, &d, namespace, "phone-operator-controller-manager")
		if d.Spec.Strategy.Type != step.want {
			t.Errorf("%s: the strategy is %s", step.values, d.Spec.Strategy.Type)
		}
	}
}

// With watchNamespaces the operator has its rights in these, its own and those of credentials, and nowhere else.
func TestWhatTheOperatorMayDoInSomeNamespaces(t *testing.T) {
	const identity = "identity.entraops.dev"
	c, run := withHelm(t)
	for _, name := range []string{"people", "vault", "others", "leaving"} {
		if err := c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			t.Fatal(err)
		}
	}
	// Nobody empties it here, so that it stays.
	if err := c.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "leaving"}}); err != nil {
		t.Fatal(err)
	}
	if err := run(t, "install", install.Chart, ""); err != nil {
		t.Fatal(err)
	}
	for values, want := range map[string]string{
		"{watchNamespaces: [people, nowhere]}":                         "there is no namespace nowhere",
		"{watchNamespaces: [people], credentialNamespaces: [nowhere]}": "there is no namespace nowhere",
		"{watchNamespaces: [people, leaving]}":                         "the namespace leaving is being deleted",
	} {
		if err := run(t, "upgrade", install.Chart, values); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
		may(t, c, resource(identity, "phoneauthenticationmethods", "", "watch", ""), true) // the upgrade has changed nothing
	}
	if err := run(t, "upgrade", install.Chart, "{watchNamespaces: [people], credentialNamespaces: [vault]}"); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"get", "list", "watch"} {
		for ns, want := range map[string]bool{"people": true, "vault": true, namespace: true, "others": false, "": false} {
			may(t, c, resource("", "secrets", "", verb, ns), want)
			may(t, c, resource(identity, "phoneauthenticationmethods", "", verb, ns), want)
		}
		may(t, c, resource(identity, "entratenants", "", verb, ""), true)
		may(t, c, resource("", "namespaces", "", verb, ""), true)
	}
	may(t, c, resource(identity, "phoneauthenticationmethods", "status", "patch", "people"), true)
	may(t, c, resource(identity, "phoneauthenticationmethods", "status", "patch", "others"), false)
	may(t, c, resource(identity, "entratenants", "status", "patch", ""), true) // by which the metadata policy knows the operator
	may(t, c, resource("events.k8s.io", "events", "", "create", "default"), true)
}

// The pods keep the restricted standard with everything that the values add to them, under the image's user and under one
// that OpenShift chooses. So does the pod of helm test, which no Service sends anything to.
func TestChartsPodsKeepTheRestrictedStandard(t *testing.T) {
	const all = `
webhook: {enabled: true}
workloadIdentity: {enabled: true, token: Projected}
caBundle: {pem: x}
proxy: {url: "http://proxy:3128"}`
	var d appsv1.Deployment
	fromUnstructured(t, charted(t, all)[manager].Object, &d)
	args := append([]string{"template", install.Release, install.Chart, "--namespace", namespace, "--show-only", "templates/test.yaml"}, valueFiles(t, all)...)
	text, err := helm(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	var test corev1.Pod
	if err := yaml.UnmarshalStrict([]byte(text), &test); err != nil {
		t.Fatal(err)
	}
	if selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector); err != nil || selector.Matches(labels.Set(test.Labels)) {
		t.Errorf("the pod of helm test counts as the operator's: %v", err)
	}
	for name, pod := range map[string]corev1.PodSpec{"the operator's": d.Spec.Template.Spec, "helm test's": test.Spec} {
		if pod.SecurityContext.RunAsUser != nil || pod.SecurityContext.FSGroup != nil || pod.Containers[0].SecurityContext.RunAsUser != nil {
			t.Fatalf("%s pod names a user, so OpenShift's default constraint refuses it", name)
		}
		for whose, user := range map[string]*int64{"the image's": nil, "openshift's": new(int64(1000680000))} {
			o := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "pod"}, Spec: *pod.DeepCopy()}
			o.Spec.SecurityContext.RunAsUser = user
			if err := k8s(t).Create(t.Context(), o, client.DryRunAll); err != nil {
				t.Errorf("%s pod as %s user: %v", name, whose, err)
			}
		}
	}
}

// withHelm is a new API server without anything of ours, and how to run Helm's commands there for the release, with a chart
// and values.
func withHelm(t *testing.T) (client.Client, func(t *testing.T, command, chart string, values ...string) error) {
	t.Helper()
	cluster, err := devcluster.Start(devcluster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cluster.Stop() })
	text, err := devcluster.Kubeconfig(cluster.Config())
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, text, 0o600); err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	c, err := client.New(cluster.Config(), client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return c, func(t *testing.T, command, chart string, values ...string) error {
		t.Helper()
		args := []string{command, install.Release}
		if chart != "" {
			args = append(args, chart)
		}
		if command == "install" {
			args = append(args, "--create-namespace")
		}
		args = append(args, "--namespace", namespace, "--kubeconfig", kubeconfig)
		_, err := helm(t, append(args, valueFiles(t, values...)...)...)
		return err
	}
}

// older is the chart with kinds that lack what they have now: the columns of kubectl get.
func older(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", install.Chart))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "files", "crds", "phoneauthenticationmethods.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), "  - additionalPrinterColumns:\n")
	_, after, ends := strings.Cut(rest, "    name: v1alpha1\n")
	if !found || !ends {
		t.Fatal("the CRD does not look as it did")
	}
	if err := os.WriteFile(path, []byte(before+"  - name: v1alpha1\n"+after), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func columns(t *testing.T, c client.Client, name string) int {
	t.Helper()
	var crd apiextensionsv1.CustomResourceDefinition
	fetchWith(t, c, &crd, "", name)
	columns := crd.Spec.Versions[0].AdditionalPrinterColumns
	if len(columns) == 1 && columns[0].Name == "Age" { // the API server's default
		return 0
	}
	return len(columns)
}

func fetchWith(t *testing.T, c client.Client, o client.Object, ns, name string) {
	t.Helper()
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: name}, o); err != nil {
		t.Fatal(err)
	}
}

// authority is some CA in PEM.
func authority(t *testing.T) []byte {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

func entraTenant() *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetAPIVersion("identity.entraops.dev/v1alpha1")
	o.SetKind("EntraTenant")
	return o
}
