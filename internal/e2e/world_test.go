// Package e2e_test runs the operator as it is shipped: the binary that go build makes, as a process of its own, under
// its own ServiceAccount with the rights of config/default, against a real API server and the Graph emulator over
// HTTPS. Its stories are what unit tests cannot show: that an operator which is killed at any moment loses and doubles
// nothing, that what a hostile namespace tries leaves Graph as it was, and that no phone number gets out.
//
// Stories run side by side. Most share one cluster with one operator; those that kill, stop or start operators have a
// cluster for themselves as long as they last. Each has a Graph, a tenant and namespaces of its own, and acts in the
// name of ServiceAccounts that hold the roles which the operator ships for people; an administrator only prepares.
// The operator logs all it can, and every story ends with a search of what it wrote since the last search: see wrongs.
package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/devcluster"
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
	program       *program
	dir           string // kubeconfigs and operators' logs

	starting  sync.Mutex
	mu        sync.Mutex
	operators []*operator // all that ever ran
}

// places bounds how many stories run in the shared world at once.
var places = make(chan struct{}, 16)

// sharedWorld returns the world of the stories for which one operator works, made by the first that asks.
var sharedWorld = sync.OnceValues(newWorld)

// worlds are for stories that run operators of their own, one story at a time in each: an operator works on all that
// is in its cluster. Those that nobody has made yet are nil.
var worlds = func() chan *world {
	worlds := make(chan *world, 5)
	for range cap(worlds) {
		worlds <- nil
	}
	return worlds
}()

// borrow returns a world in which no operator runs. The next story has it when this one has ended, and its operators with it.
func borrow(t *testing.T) *world {
	t.Helper()
	w := <-worlds
	t.Cleanup(func() { worlds <- w })
	if w == nil {
		var err error
		w, err = newWorld()
		must(t, err)
	}
	return w
}

func newWorld() (*world, error) {
	go func() { _, _ = built() }() // while the cluster starts
	cluster, err := devcluster.Start(devcluster.Options{CRDs: []string{devcluster.CRDs}})
	if err != nil {
		return nil, err
	}
	p, err := built()
	if err != nil {
		return nil, err
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
	if w.dir, err = os.MkdirTemp(p.dir, "world-"); err != nil {
		return nil, err
	}
	if w.api, err = newAPIServer(cluster.Config()); err != nil {
		return nil, err
	}
	return w, w.install(context.Background())
}

// install applies config/default. The kinds are there already, and the Deployment makes no Pod: there are no nodes. The
// admission policy is left out: the operator has to be right without it, and what an attacker cannot even store would
// show nothing of the operator.
func (w *world) install(ctx context.Context) error {
	for _, o := range w.program.manifests {
		switch o.GetKind() {
		case "CustomResourceDefinition", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding":
			continue
		}
		text, err := o.MarshalJSON()
		if err != nil {
			return err
		}
		if err := w.Patch(ctx, o.DeepCopy(), client.RawPatch(types.ApplyPatchType, text), client.FieldOwner("e2e")); err != nil {
			return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
