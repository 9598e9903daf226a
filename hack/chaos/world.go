package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/emulator"
)

// The names that config/default gives to what it installs.
const (
	system          = "phone-operator-system"
	operatorAccount = "phone-operator-controller-manager"
	leaseName       = "phone-operator.identity.entraops.dev"
)

// The namespaces of resources, beside hostile. No access rule is ever for outsiders.
const (
	people    = "people"
	team      = "team"
	outsiders = "outsiders"
)

var phoneTypes = []string{emulator.Mobile, emulator.AlternateMobile, emulator.Office}

// world is the cluster, Graph and the operator's replicas.
type world struct {
	options
	client.Client // the cluster's administrator
	cluster       *devcluster.Cluster
	front         *front
	ledger        *ledger
	dir           string
	replicas      []*replica
	tenants       []*tenant
	users         []*user
	attacker      *attacker // nil: none yet
	bystanders    []*account
	late          atomic.Bool // the bad times go on for what was not met yet
}

// build makes everything but the operator's processes.
func build(ctx context.Context, o options, dir string) (w *world, err error) {
	w = &world{options: o, ledger: newLedger(), dir: dir}
	defer func() {
		if err != nil {
			w.stop()
		}
	}()
	root, err := devcluster.Root()
	if err != nil {
		return w, err
	}
	program := filepath.Join(dir, "phone-operator")
	if err := w.compile(ctx, root, program); err != nil {
		return w, err
	}
	if w.cluster, err = devcluster.Start(devcluster.Options{CRDs: []string{devcluster.CRDs}}); err != nil {
		return w, err
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return w, err
	}
	admin := w.cluster.Config()
	admin.QPS = -1
	if w.Client, err = client.New(admin, client.Options{Scheme: scheme}); err != nil {
		return w, err
	}
	config, err := w.kubeconfig("kubeconfig", admin)
	if err != nil {
		return w, err
	}
	if err := w.install(ctx, root, config); err != nil {
		return w, err
	}
	for _, name := range []string{people, team, outsiders, hostile} {
		if err := w.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			return w, err
		}
	}
	account, err := w.cluster.ServiceAccount(ctx, system, operatorAccount)
	if err != nil {
		return w, err
	}
	if config, err = w.kubeconfig("operator.kubeconfig", account); err != nil {
		return w, err
	}
	for _, name := range []string{"a", "b"} {
		w.replicas = append(w.replicas, &replica{name: name, program: program, config: config, dir: dir, ledger: w.ledger})
	}
	w.front = newFront(o.seed, w.ledger)
	return w, w.populate(ctx)
}

// stop ends the cluster and Graph. The replicas end with the context that keeps them.
func (w *world) stop() {
	if w.front != nil {
		w.front.close()
	}
	if w.cluster != nil {
		_ = w.cluster.Stop() // its files go with it
	}
}

// compile builds the operator with the flags of this program, so that most of the work is done already.
func (w *world) compile(ctx context.Context, root, program string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, ".")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOTMPDIR="+w.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// install does what the README says for a real cluster. The Deployment makes no Pod here: there are no nodes.
func (w *world) install(ctx context.Context, root, config string) error {
	cmd := exec.CommandContext(ctx, w.cluster.Kubectl(), "--kubeconfig="+config, "--cache-dir="+filepath.Join(w.dir, "kubectl-cache"),
		"apply", "--server-side", "--force-conflicts", "-k", filepath.Join(root, "config", "default"))
	cmd.Env = append(os.Environ(), "KUBECTL_KUBERC=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl apply: %w\n%s", err, out)
	}
	return nil
}

func (w *world) kubeconfig(name string, cfg *rest.Config) (string, error) {
	file, err := devcluster.Kubeconfig(cfg)
	if err != nil {
		return "", err
	}
	path := filepath.Join(w.dir, name)
	return path, os.WriteFile(path, file, 0o600)
}

// dice are the random numbers of one actor: they follow from the seed and the actor's name, not from who comes first.
func (o options) dice(actor string) *rand.Rand {
	var name uint64 = 14695981039346656037 // FNV-1a
	for _, b := range []byte(actor) {
		name = (name ^ uint64(b)) * 1099511628211
	}
	return rand.New(rand.NewPCG(o.seed, name))
}
