// Package e2e_test runs the operator as it is shipped: the binary that go build makes, as a process of its own, under
// its own ServiceAccount with the rights of config/default, against a real API server and the Graph emulator over
// HTTPS. Its stories are what unit tests cannot show: that an operator which is killed at any moment loses and doubles
// nothing, that what a hostile namespace tries leaves Graph as it was, and that no phone number gets out.
//
// Stories run one after the other on one cluster. Each has a Graph, a tenant and namespaces of its own, and acts in the
// name of ServiceAccounts that hold the roles which the operator ships for people; an administrator only prepares.
// The operator logs all it can, and every story ends with a search of what it wrote since the last search: see wrongs.
package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/leash"
	"github.com/entraops/phone-operator/internal/testenv"
)

// The names that config/default gives to what it installs.
const (
	system          = "phone-operator-system"
	operatorAccount = "phone-operator-controller-manager"
	editorRole      = "phone-operator-phoneauthenticationmethod-editor-role"
	metricsReader   = "phone-operator-metrics-reader"
)

// world is a cluster with the operator installed. It ends with the process.
type world struct {
	client.Client // the cluster's administrator
	cluster       *devcluster.Cluster
	api           *apiServer
	program

	starting  sync.Mutex
	mu        sync.Mutex
	operators []*operator // all that ever ran
}

var (
	begin, build sync.Once
	compiled     = make(chan program, 1)
	made         struct {
		*world
		err error
	}
)

// program is the operator's binary.
type program struct {
	root, dir, path string
	err             error
}

// start returns the world that the stories share, made by the first that asks.
func start(t *testing.T) *world {
	t.Helper()
	begin.Do(func() { go func() { compiled <- compile() }() }) // while the cluster starts
	cluster := testenv.Shared(t)
	build.Do(func() { made.world, made.err = newWorld(cluster) })
	if made.err != nil {
		t.Fatal(made.err)
	}
	return made.world
}

func newWorld(cluster *devcluster.Cluster) (*world, error) {
	ctrl.SetLogger(logr.Discard()) // the operator logs, not its clients here
	p := <-compiled
	if p.err != nil {
		return nil, p.err
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	admin, err := client.New(cluster.Config(), client.Options{Scheme: scheme})
	if err != nil {
		return nil, err
	}
	w := &world{Client: admin, cluster: cluster, program: p}
	if w.api, err = newAPIServer(cluster.Config()); err != nil {
		return nil, err
	}
	return w, w.install(context.Background())
}

// compile builds the operator with the flags of go test's usual run, so that most of the work is done already.
func compile() (p program) {
	if p.root, p.err = devcluster.Root(); p.err != nil {
		return p
	}
	if p.dir, _, p.err = leash.TempDir("phone-operator-e2e-"); p.err != nil {
		return p
	}
	p.path = filepath.Join(p.dir, "phone-operator")
	cmd := exec.Command("go", "build", "-o", p.path, ".")
	cmd.Dir = p.root
	cmd.Env = append(os.Environ(), "GOTMPDIR="+p.dir)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	compiler, err := leash.Start(cmd)
	if err == nil {
		err = compiler.Wait(context.Background())
	}
	if err != nil {
		p.err = fmt.Errorf("go build: %w\n%s", err, out.String())
	}
	return p
}

// install applies config/default. The kinds are there already, and the Deployment makes no Pod: there are no nodes. The
// admission policy is left out: the operator has to be right without it, and what an attacker cannot even store would
// show nothing of the operator.
func (w *world) install(ctx context.Context) error {
	objects, err := w.render("config/default")
	if err != nil {
		return err
	}
	for _, o := range objects {
		switch o.GetKind() {
		case "CustomResourceDefinition", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding":
			continue
		}
		text, err := o.MarshalJSON()
		if err != nil {
			return err
		}
		if err := w.Patch(ctx, o, client.RawPatch(types.ApplyPatchType, text), client.FieldOwner("e2e")); err != nil {
			return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

// render is what kustomize makes of a directory, given from the repository's root.
func (w *world) render(dir string) ([]*unstructured.Unstructured, error) {
	kustomize := exec.Command("go", "tool", "-modfile=hack/tools/go.mod", "kustomize", "build", dir)
	kustomize.Dir = w.root
	var stdout, stderr bytes.Buffer
	kustomize.Stdout, kustomize.Stderr = &stdout, &stderr
	if err := kustomize.Run(); err != nil {
		return nil, fmt.Errorf("kustomize build %s: %w\n%s", dir, err, stderr.Bytes())
	}
	var objects []*unstructured.Unstructured
	for d := utilyaml.NewYAMLOrJSONDecoder(&stdout, 4096); ; {
		o := &unstructured.Unstructured{}
		if err := d.Decode(o); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, fmt.Errorf("decode %s: %w", dir, err)
		}
		if len(o.Object) > 0 {
			objects = append(objects, o)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
