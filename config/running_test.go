package config_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/leash"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// The operator runs with what config/default-webhook gives it: its arguments, its
// names and its rights. It fills the Secret, and the API server then hears of wrong
// numbers. There is no node, so the test does what a node would.
func TestOperatorServesItsWebhook(t *testing.T) {
	c, err := start("config/default-webhook")
	if err != nil {
		t.Fatal(err)
	}
	cluster := clusters[len(clusters)-1]
	port := freePort(t)
	redirect(t, c, port)
	dir := t.TempDir()

	cfg, err := cluster.ServiceAccount(t.Context(), namespace, "phone-operator-controller-manager")
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig, err := devcluster.Kubeconfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "kubeconfig"), kubeconfig, 0o600); err != nil {
		t.Fatal(err)
	}
	var d appsv1.Deployment
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "phone-operator-controller-manager"}, &d); err != nil {
		t.Fatal(err)
	}
	args := slices.Concat(d.Spec.Template.Spec.Containers[0].Args, []string{ // the last of two counts
		"--leader-election-namespace=" + namespace, "--webhook-namespace=" + namespace, // a pod knows its own
		"--health-probe-bind-address=0", "--metrics-bind-address=0",
		"--webhook-port=" + strconv.Itoa(port), "--webhook-cert-dir=" + dir,
	})
	log := operate(t, dir, args)

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	err = wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		if err := mountSecret(ctx, c, dir); err != nil {
			return false, err
		}
		o := method("default", "ada@contoso.com")
		o.Object["spec"].(map[string]any)["phoneNumber"] = "+999 5550100" // no country has this code
		return apierrors.IsInvalid(c.Create(ctx, o, client.DryRunAll)), nil
	})
	if err != nil {
		t.Fatalf("the webhook is not heard of: %v\n%s", err, log())
	}
	// Its own check finds that out, too. There is nothing here that the tenant could be ready for.
	tenant := entraTenant()
	tenant.SetName("default")
	tenant.Object["spec"] = map[string]any{"tenantID": "11111111-2222-3333-4444-555555555555", "credential": map[string]any{"managedIdentity": map[string]any{}}}
	if err := c.Create(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	check := exec.CommandContext(t.Context(), filepath.Join(dir, "phone-operator"), append(args, "--check-installation=1ms")...)
	check.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(dir, "kubeconfig"))
	said, err := check.CombinedOutput()
	for _, line := range []string{"ok    the operator has all rights of the webhook role\n", "ok    the webhook answers\n", "WRONG EntraTenant \"default\" "} {
		if !strings.Contains(string(said), line) {
			t.Errorf("the check does not say %q: %v\n%s", line, err, said)
		}
	}
	if text := log(); strings.Contains(text, "forbidden") || strings.Contains(text, "5550100") {
		t.Errorf("the operator lacks a right, or shows a number:\n%s", text)
	}
}

// redirect leads the webhook's Service to a port of this machine.
func redirect(t *testing.T, c client.Client, port int) {
	t.Helper()
	service := &corev1.Service{}
	service.Namespace, service.Name = namespace, webhook
	err := c.Patch(t.Context(), service, client.RawPatch(types.MergePatchType,
		[]byte(`{"spec":{"type":"ExternalName","externalName":"localhost","clusterIP":null,"clusterIPs":null,"ipFamilies":null,"ipFamilyPolicy":null,"internalTrafficPolicy":null}}`)))
	if err != nil {
		t.Fatal(err)
	}
	var configuration admissionregistrationv1.ValidatingWebhookConfiguration
	if err := c.Get(t.Context(), client.ObjectKey{Name: webhook}, &configuration); err != nil {
		t.Fatal(err)
	}
	for i := range configuration.Webhooks {
		configuration.Webhooks[i].ClientConfig.Service.Port = new(int32(port))
	}
	if err := c.Update(t.Context(), &configuration); err != nil {
		t.Fatal(err)
	}
}

// operate runs the operator's binary until the test ends, and returns how to read
// what it logged.
func operate(t *testing.T, dir string, args []string) func() string {
	t.Helper()
	if err := install.Build(t.Context(), dir, "."); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "log")
	operator, err := leash.Logged(log, []string{"KUBECONFIG=" + filepath.Join(dir, "kubeconfig")}, filepath.Join(dir, "phone-operator"), args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(operator.Kill)
	return func() string {
		text, err := os.ReadFile(log)
		if err != nil {
			return fmt.Sprint(err)
		}
		return string(text)
	}
}

// mountSecret is the kubelet: it brings what is in the Secret to the directory.
func mountSecret(ctx context.Context, c client.Client, dir string) error {
	var secret corev1.Secret
	if err := c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: webhook}, &secret); err != nil {
		return err
	}
	for _, file := range []string{"tls.key", "tls.crt"} {
		if len(secret.Data[file]) == 0 {
			return nil
		}
		if err := os.WriteFile(filepath.Join(dir, file), secret.Data[file], 0o600); err != nil {
			return err
		}
	}
	return nil
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}
