package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/zap/zapcore"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/testenv"
	"github.com/entraops/phone-operator/internal/webhook"
)

// The names and the namespace of config/webhook as kustomize finds them: the tests
// run with the manifests as they are.
const (
	name   = "webhook"
	system = "system"
)

// old is a resource that was there before the webhook, with a number that the
// webhook refuses.
var old = &v1alpha1.PhoneAuthenticationMethod{
	ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "old"},
	Spec:       v1alpha1.PhoneAuthenticationMethodSpec{User: "old@contoso.com", PhoneType: "mobile", PhoneNumber: "+999 5550100"},
}

// oldTenant is the same of EntraTenants: its label selector cannot be read.
func oldTenant() *v1alpha1.EntraTenant {
	o := tenant("old")
	o.Spec.TenantID = "01d01d01-2222-3333-4444-555555555555"
	o.Spec.Access[0].Namespaces = unreadable
	return o
}

var unreadable = metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: "In"}}}

// suite is a cluster with the webhook in it: the manager runs with the rights of
// config/webhook and what a viewer may, is called through the Service, and has made
// its certificates itself. It is a replica that does not lead.
type suite struct {
	cluster *devcluster.Cluster
	scheme  *runtime.Scheme
	admin   client.Client
	logs    *testenv.Log
	certDir string
	port    int
}

var (
	once    sync.Once
	started *suite
)

// TestMain removes the certificates, which outlive the test that starts the suite.
func TestMain(m *testing.M) {
	code := m.Run()
	if started != nil {
		_ = os.RemoveAll(started.certDir)
	}
	os.Exit(code)
}

// start returns the suite, started by the first test that asks. It ends with the
// process.
func start(t *testing.T) *suite {
	t.Helper()
	cluster := testenv.Shared(t)
	once.Do(func() {
		s := &suite{cluster: cluster, scheme: runtime.NewScheme(), logs: &testenv.Log{}}
		must(t, errors.Join(clientgoscheme.AddToScheme(s.scheme), v1alpha1.AddToScheme(s.scheme)))
		var err error
		s.admin, err = client.New(cluster.Config(), client.Options{Scheme: s.scheme})
		must(t, err)
		s.certDir, err = os.MkdirTemp("", "phone-operator-webhook-") //nolint:usetesting // TestMain removes it
		must(t, err)
		s.port = freePort(t)
		ctrl.SetLogger(zap.New(zap.WriteTo(s.logs), zap.UseDevMode(true), zap.Level(zapcore.Level(-10))))
		s.install(t)
		s.run(t)
		started = s
		s.eventually(t, "the webhook answers", func() error {
			o := pam("default", "first", "first@contoso.com")
			o.Spec.TenantRef = &v1alpha1.TenantReference{Name: "nowhere"}
			if warnings, err := s.try(t, o); err != nil || len(warnings) == 0 {
				return fmt.Errorf("no warning yet: %w", err)
			}
			return nil
		})
	})
	if started == nil {
		t.Fatal("the suite did not start")
	}
	return started
}

// install applies config/webhook. No node runs the pods: the Service leads to this
// process instead of them.
func (s *suite) install(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	must(t, s.admin.Create(ctx, old.DeepCopy()))
	must(t, s.admin.Create(ctx, oldTenant()))
	must(t, s.admin.Create(ctx, tenant("default")))
	must(t, s.admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: system}}))
	must(t, s.admin.Create(ctx, read[corev1.Secret](t, "webhook/secret.yaml")[0]))
	must(t, s.admin.Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: read[corev1.Service](t, "webhook/service.yaml")[0].Name},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"},
	}))
	configuration := read[admissionregistrationv1.ValidatingWebhookConfiguration](t, "webhook/manifests.yaml")[0]
	for i := range configuration.Webhooks {
		configuration.Webhooks[i].ClientConfig.Service.Port = new(int32(s.port))
	}
	must(t, s.admin.Create(ctx, configuration))

	must(t, s.admin.Create(ctx, read[corev1.ServiceAccount](t, "rbac/service_account.yaml")[0]))
	must(t, s.admin.Create(ctx, read[rbacv1.ClusterRole](t, "webhook/role.yaml")[0]))
	must(t, s.admin.Create(ctx, read[rbacv1.Role](t, "webhook/role.yaml")[1]))
	must(t, s.admin.Create(ctx, read[rbacv1.Role](t, "rbac/leader_election_role.yaml")[0]))
	must(t, s.admin.Create(ctx, read[rbacv1.RoleBinding](t, "rbac/leader_election_role_binding.yaml")[0]))
	must(t, s.admin.Create(ctx, &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: "leader"},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: new("another replica"), LeaseDurationSeconds: new(int32(3600)), RenewTime: new(metav1.NowMicro()),
		},
	}))
	must(t, s.admin.Create(ctx, read[rbacv1.ClusterRoleBinding](t, "webhook/role_binding.yaml")[0]))
	must(t, s.admin.Create(ctx, read[rbacv1.RoleBinding](t, "webhook/role_binding.yaml")[1]))
	for _, kind := range []string{"phoneauthenticationmethod", "entratenant"} {
		role := read[rbacv1.ClusterRole](t, "rbac/"+kind+"_viewer_role.yaml")[0]
		must(t, s.admin.Create(ctx, role))
		binding := read[rbacv1.ClusterRoleBinding](t, "rbac/role_binding.yaml")[0]
		binding.Name, binding.RoleRef.Name = role.Name, role.Name
		must(t, s.admin.Create(ctx, binding))
	}
}

// run starts the manager, and what the kubelet does for it: bring the Secret to the
// directory.
func (s *suite) run(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	cfg, err := s.cluster.ServiceAccount(ctx, system, "controller-manager")
	must(t, err)
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme:                  s.scheme,
		LeaderElection:          true,
		LeaderElectionID:        "leader",
		LeaderElectionNamespace: system,
		Metrics:                 metricsserver.Options{BindAddress: "0"},
		WebhookServer:           ctrlwebhook.NewServer(ctrlwebhook.Options{Host: "127.0.0.1", Port: s.port, CertDir: s.certDir}),
	})
	must(t, err)
	must(t, webhook.SetupWithManager(ctx, mgr, webhook.Options{Name: name, Namespace: system, CertDir: s.certDir}))
	go func() {
		if err := mgr.Start(ctx); err != nil {
			panic(err)
		}
	}()

	watcher, err := client.NewWithWatch(s.cluster.Config(), client.Options{Scheme: s.scheme})
	must(t, err)
	secrets, err := watcher.Watch(ctx, &corev1.SecretList{}, client.InNamespace(system), client.MatchingFields{"metadata.name": name})
	must(t, err)
	go func() {
		for event := range secrets.ResultChan() {
			secret, ok := event.Object.(*corev1.Secret)
			for _, file := range []string{"tls.key", "tls.crt"} {
				if ok && len(secret.Data[file]) > 0 {
					_ = os.WriteFile(filepath.Join(s.certDir, file), secret.Data[file], 0o600)
				}
			}
		}
	}()
}
