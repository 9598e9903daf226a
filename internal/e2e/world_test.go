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
	"path/filepath"
	"sync"
	"testing"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/leash"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// world is a cluster with the operator installed. It ends with the process.
type world struct {
	*install.Cluster
	api *apiServer

	starting  sync.Mutex
	mu        sync.Mutex
	launched  int
	operators []*operator // all that ever ran
}

// built returns the operator's program, made by the first that asks.
var built = sync.OnceValues(func() (string, error) {
	dir, _, err := leash.TempDir("phone-operator-e2e-")
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "phone-operator"), install.Build(context.Background(), dir, ".")
})

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

// newWorld leaves the policy about metadata out: the operator has to be right without it, and what an attacker cannot
// even store would show nothing of the operator.
func newWorld() (*world, error) {
	w, err := newCluster()
	if err != nil {
		return nil, err
	}
	_, err = w.Install(context.Background(), install.MetadataPolicy...)
	return w, err
}

// newCluster is a world in which nothing is installed yet.
func newCluster() (_ *world, err error) {
	go func() { _, _ = built() }() // while the cluster starts
	dir, _, err := leash.TempDir("phone-operator-e2e-")
	if err != nil {
		return nil, err
	}
	w := &world{}
	if w.Cluster, err = install.Start(dir, devcluster.Options{LargestWrite: 384 << 10}); err != nil {
		return nil, err
	}
	if w.Program, err = built(); err != nil {
		return nil, err
	}
	w.api, err = newAPIServer(w.Config())
	return w, err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
