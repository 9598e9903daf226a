// Package install is the one way to build the real operator, install it into a development cluster and run it there: as
// the README says for a real cluster, under its own ServiceAccount, against an emulator of Graph over HTTPS. The demo,
// chaos, bench and e2e stand on it. What is installed is config/default, or the Helm chart.
//
// The Deployment makes no Pod, as there are no nodes: the operator is a process of this machine. It
// ends with this one, however that ends.
package install

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/devcluster"
)

// The names that config/default gives to what it installs.
const (
	Namespace      = "phone-operator-system"
	ServiceAccount = "phone-operator-controller-manager"
	EditorRole     = "phone-operator-phoneauthenticationmethod-editor-role"
	MetricsReader  = "phone-operator-metrics-reader"
	Lease          = "phone-operator.identity.entraops.dev"
)

// Cluster is a development cluster, and its administrator's client and kubectl.
type Cluster struct {
	*devcluster.Cluster
	client.WithWatch
	Kubeconfig string // a file with the administrator's
	Program    string // the operator's

	root, dir string
	kubectl   string

	mu      sync.Mutex
	configs map[string]string // kubeconfigs by ServiceAccount
}

// Start runs a cluster, in which nothing is installed yet. It keeps its files in dir, where Build has put the programs.
func Start(dir string, opts devcluster.Options) (_ *Cluster, err error) {
	c := &Cluster{dir: dir, Program: filepath.Join(dir, "phone-operator"), configs: map[string]string{}}
	if c.root, err = devcluster.Root(); err != nil {
		return nil, err
	}
	if c.Cluster, err = devcluster.Start(opts); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = c.Stop()
		}
	}()
	if c.kubectl, err = exec.LookPath(c.Cluster.Kubectl()); err != nil {
		return nil, fmt.Errorf("there is no kubectl, neither beside kube-apiserver nor in the PATH: install one: %w", err)
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	admin := c.Config()
	admin.QPS = -1
	admin.DisableCompression = true // there is no network in between
	if c.WithWatch, err = client.NewWithWatch(admin, client.Options{Scheme: scheme}); err != nil {
		return nil, err
	}
	c.Kubeconfig, err = c.WriteKubeconfig("kubeconfig", admin)
	return c, err
}

// WriteKubeconfig writes a file of that name to log in with as cfg does, and returns its path.
func (c *Cluster) WriteKubeconfig(name string, cfg *rest.Config) (string, error) {
	file, err := devcluster.Kubeconfig(cfg)
	if err != nil {
		return "", err
	}
	path := filepath.Join(c.dir, name)
	return path, os.WriteFile(path, file, 0o600)
}

// Kubectl runs kubectl as the administrator, and returns what it prints. The error has what it said.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	flags := []string{"--kubeconfig=" + c.Kubeconfig, "--cache-dir=" + filepath.Join(c.dir, "kubectl-cache")}
	cmd := exec.CommandContext(ctx, c.kubectl, slices.Concat(flags, args)...)
	cmd.Env = append(os.Environ(), "KUBECTL_KUBERC=false") // the person's own preferences are not part of it
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("kubectl %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// MetadataPolicy are the kinds of the policy about metadata, for who leaves it out: the operator has to be right without it, and what
// cannot even be stored would show nothing of the operator.
var MetadataPolicy = []string{"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}

// Install applies config/default, but for the kinds that are left out, and returns a line for each object when the
// operator's kinds are known.
func (c *Cluster) Install(ctx context.Context, leftOut ...string) (string, error) {
	text, err := c.Kubectl(ctx, "kustomize", filepath.Join(c.root, "config", "default"))
	if err != nil {
		return "", err
	}
	objects := strings.Split(text, "\n---\n")
	objects = slices.DeleteFunc(objects, func(o string) bool {
		var is metav1.TypeMeta
		return yaml.Unmarshal([]byte(o), &is) == nil && slices.Contains(leftOut, is.Kind)
	})
	file := filepath.Join(c.dir, "config.yaml")
	if err := os.WriteFile(file, []byte(strings.Join(objects, "\n---\n")), 0o600); err != nil {
		return "", err
	}
	applied, err := c.Kubectl(ctx, "apply", "--server-side", "-f", file)
	if err != nil {
		return "", err
	}
	return applied, c.kindsAreKnown(ctx)
}

func (c *Cluster) kindsAreKnown(ctx context.Context) error {
	_, err := c.Kubectl(ctx, "wait", "--for=condition=Established", "--timeout=60s", "crd",
		"phoneauthenticationmethods.identity.entraops.dev", "entratenants.identity.entraops.dev")
	return err
}
