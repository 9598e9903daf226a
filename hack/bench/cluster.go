package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/discovery"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/leash"
)

const (
	system  = "phone-operator-system"
	account = "phone-operator-controller-manager"
	people  = "people"
)

// bench is everything that runs, and what was measured.
type bench struct {
	sizes
	table *table

	dir      string
	cluster  *devcluster.Cluster
	admin    client.WithWatch
	config   *rest.Config
	metrics  *discovery.DiscoveryClient
	graph    *graph
	operator *leash.Process
	tracker  *tracker

	drift    []*v1alpha1.PhoneAuthenticationMethod // of the large run
	bareTook time.Duration
	edits    int
	pattern  string // a method that the operator made Ready
}

func (b *bench) say(format string, a ...any) {
	if b.verbose {
		fmt.Fprintf(os.Stderr, time.Now().Format(time.TimeOnly)+" "+format+"\n", a...)
	}
}

// start runs everything but the operator.
func (b *bench) start(ctx context.Context) (err error) {
	root, err := devcluster.Root()
	if err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "phone-operator-bench-"); err != nil {
		return err
	}
	b.say("build")
	if err := build(ctx, root, b.dir); err != nil {
		return err
	}
	b.say("start the API server and the emulator")
	if b.cluster, err = devcluster.Start(devcluster.Options{CRDs: []string{devcluster.CRDs}}); err != nil {
		return err
	}
	if b.graph, err = startGraph(ctx, b.dir); err != nil {
		return err
	}
	b.config = b.cluster.Config()
	b.config.QPS = -1
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	if b.admin, err = client.NewWithWatch(b.config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	if b.metrics, err = discovery.NewDiscoveryClientForConfig(b.config); err != nil {
		return err
	}
	if err := b.install(ctx, root); err != nil {
		return err
	}
	b.tracker = newTracker(ctx, b.admin)
	return b.startOperator(ctx)
}

// install makes the namespaces, the operator's rights and the tenant.
func (b *bench) install(ctx context.Context, root string) error {
	var role rbacv1.ClusterRole
	text, err := os.ReadFile(root + "/config/rbac/role.yaml")
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(text, &role); err != nil {
		return err
	}
	for _, o := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: system}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: people}},
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: account}},
		&role,
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: account},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: system, Name: account}},
		},
		&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: "graph"},
			StringData: map[string]string{"clientSecret": secret},
		},
		&v1alpha1.EntraTenant{
			ObjectMeta: metav1.ObjectMeta{Name: "default"},
			Spec: v1alpha1.EntraTenantSpec{
				TenantID: tenantID, ClientID: clientID,
				Credential: v1alpha1.Credential{ClientSecret: &v1alpha1.ClientSecretCredential{
					SecretRef: v1alpha1.SecretReference{Namespace: system, Name: "graph", Key: "clientSecret"}}},
				Endpoint: &v1alpha1.Endpoint{Graph: b.graph.url, Authority: b.graph.url, CABundle: b.graph.ca},
				Access: []v1alpha1.AccessRule{{
					Namespaces: metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: people}},
					Users:      []string{"*@" + domain},
				}},
			},
		},
	} {
		if err := b.admin.Create(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// startOperator runs the real program with the rights of its ServiceAccount.
func (b *bench) startOperator(ctx context.Context) error {
	config, err := b.cluster.ServiceAccount(ctx, system, account)
	if err != nil {
		return err
	}
	file, err := devcluster.Kubeconfig(config)
	if err != nil {
		return err
	}
	path := b.dir + "/operator.kubeconfig"
	if err := os.WriteFile(path, file, 0o600); err != nil {
		return err
	}
	b.operator, err = leash.Logged(b.dir+"/operator.log", []string{"KUBECONFIG=" + path}, b.dir+"/phone-operator",
		"--leader-elect=false", "--metrics-bind-address=0", "--health-probe-bind-address=0",
		"--max-concurrent-reconciles="+strconv.Itoa(b.workers))
	return err
}

func (b *bench) stop() {
	_ = b.operator.Stop(grace)
	if b.graph != nil {
		_ = b.graph.process.Stop(grace)
	}
	if b.cluster != nil {
		_ = b.cluster.Stop()
	}
	if b.dir != "" {
		_ = os.RemoveAll(b.dir)
	}
}

// writes counts the requests that the API server was sent to change something since it started: by resource, as it
// counts them itself, whoever sent them.
func (b *bench) writes(ctx context.Context) (map[string]int, error) {
	text, err := b.metrics.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		labels, ok := strings.CutPrefix(lines.Text(), "apiserver_request_total{")
		if !ok {
			continue
		}
		verb := label(labels, "verb")
		if verb != "POST" && verb != "PUT" && verb != "PATCH" && verb != "APPLY" && verb != "DELETE" {
			continue
		}
		n, _ := strconv.ParseFloat(labels[strings.LastIndexByte(labels, ' ')+1:], 64)
		counts[label(labels, "resource")] += int(n)
	}
	return counts, lines.Err()
}

func label(labels, name string) string {
	_, rest, _ := strings.Cut(","+labels, ","+name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
