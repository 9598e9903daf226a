package webhook_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testenv"
)

// try creates an object in a dry run, which the webhook sees as any other request,
// and returns the warnings that a client gets.
func (s *suite) try(t *testing.T, o client.Object) ([]string, error) {
	t.Helper()
	return s.heard(t, func(c client.Client) error {
		return c.Create(t.Context(), o.DeepCopyObject().(client.Object), client.DryRunAll)
	})
}

// heard runs requests with a client that keeps the warnings.
func (s *suite) heard(t *testing.T, do func(client.Client) error) ([]string, error) {
	t.Helper()
	var w warnings
	cfg := s.cluster.Config()
	cfg.WarningHandler = &w
	c, err := client.New(cfg, client.Options{Scheme: s.scheme, Mapper: s.admin.RESTMapper()})
	must(t, err)
	err = do(c)
	return w.said, err
}

// differ is an error with the difference of what was to be said and what was.
func differ(want, said []string) error {
	if diff := cmp.Diff(want, said); diff != "" {
		return fmt.Errorf("warnings (-want +got):\n%s", diff)
	}
	return nil
}

type warnings struct{ said []string }

var _ rest.WarningHandler = &warnings{}

func (w *warnings) HandleWarningHeader(code int, _, text string) {
	if code == 299 {
		w.said = append(w.said, text)
	}
}

// namespace makes one for this test.
func (s *suite) namespace(t *testing.T) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	must(t, s.admin.Create(t.Context(), ns))
	return ns.Name
}

func (s *suite) eventually(t *testing.T, what string, ask func() error) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Log(s.logs)
		}
	}()
	testenv.Eventually(t, time.Minute, what, ask)
}

// read returns the objects of a file of config, each read as that kind.
func read[T any, O interface {
	*T
	client.Object
}](t *testing.T, file string) []O {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "config", file))
	must(t, err)
	defer func() { _ = f.Close() }()
	var all []O
	for d := utilyaml.NewYAMLOrJSONDecoder(f, 4096); ; {
		o := O(new(T))
		err := d.Decode(o)
		if errors.Is(err, io.EOF) {
			return all
		}
		must(t, err)
		all = append(all, o)
	}
}

func pam(namespace, name, user string) *v1alpha1.PhoneAuthenticationMethod {
	return &v1alpha1.PhoneAuthenticationMethod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       v1alpha1.PhoneAuthenticationMethodSpec{User: user, PhoneType: "mobile", PhoneNumber: "+1 2065550100"},
	}
}

func tenant(name string) *v1alpha1.EntraTenant {
	return &v1alpha1.EntraTenant{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.EntraTenantSpec{
			TenantID:   "11111111-2222-3333-4444-555555555555",
			ClientID:   "66666666-7777-8888-9999-000000000000",
			Credential: v1alpha1.Credential{WorkloadIdentity: &v1alpha1.WorkloadIdentityCredential{}},
			Access:     []v1alpha1.AccessRule{{Users: []string{"*@contoso.com"}}},
		},
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
