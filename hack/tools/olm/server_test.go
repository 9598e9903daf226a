package olm

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/operator-framework/api/crds"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// namespace is where the bundle is installed: the one that it suggests.
const namespace = "phone-operator-system"

// server is the API server of all tests here.
var server *envtest.Environment

func TestMain(m *testing.M) {
	code := m.Run()
	if server != nil {
		_ = server.Stop()
	}
	os.Exit(code)
}

// serve is a client, strict about fields, of an API server that has the kind ClusterServiceVersion.
func serve(t *testing.T) client.Client {
	t.Helper()
	if server == nil {
		assets := os.Getenv("KUBEBUILDER_ASSETS")
		if assets == "" {
			assets = filepath.Join("..", "..", "..", "bin", "k8s", "current-"+runtime.GOOS+"-"+runtime.GOARCH)
		}
		started := &envtest.Environment{
			BinaryAssetsDirectory:    assets,
			CRDs:                     []*apiextensionsv1.CustomResourceDefinition{crds.ClusterServiceVersion()},
			ControlPlaneStartTimeout: 2 * time.Minute,
		}
		// Without these the API server wants a network interface other than loopback, and stops where there is none.
		started.ControlPlane.GetAPIServer().Configure().
			Set("advertise-address", "127.0.0.1").
			Set("endpoint-reconciler-type", "none")
		if _, err := started.Start(); err != nil {
			_ = started.Stop()
			t.Fatalf("%v\n`make assets` makes etcd and kube-apiserver", err)
		}
		server = started
	}
	c, err := client.New(server.Config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return client.WithFieldValidation(c, metav1.FieldValidationStrict)
}

// create creates an object, in the operator's namespace if it names none.
func create(t *testing.T, c client.Client, o *unstructured.Unstructured) {
	t.Helper()
	namespaced, err := c.IsObjectNamespaced(o)
	if err != nil {
		t.Fatalf("%s %s: %v", o.GetKind(), o.GetName(), err)
	}
	if namespaced && o.GetNamespace() == "" {
		o.SetNamespace(namespace)
	}
	if err := c.Create(t.Context(), o); err != nil {
		t.Errorf("%s %s: %v", o.GetKind(), o.GetName(), err)
	}
}

// await returns when the kinds are served.
func await(t *testing.T, kinds []*apiextensionsv1.CustomResourceDefinition) {
	t.Helper()
	if err := envtest.WaitForCRDs(server.Config, kinds, envtest.CRDInstallOptions{MaxTime: time.Minute, PollInterval: 20 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
}
