// Package testenv gives a test a real API server. It is package devcluster with a testing.TB: errors end the test.
package testenv

import (
	"sync"
	"testing"

	"github.com/entraops/phone-operator/internal/devcluster"
)

var shared = sync.OnceValues(func() (*devcluster.Cluster, error) {
	return devcluster.Start(devcluster.Options{CRDs: []string{devcluster.CRDs}})
})

// Shared returns the cluster that the tests of one package share: started by the first that asks, with the
// repository's CRDs, and ended with the test process. No TestMain is needed. Tests keep apart by namespaces of
// their own.
func Shared(t testing.TB) *devcluster.Cluster {
	t.Helper()
	c, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Start returns a cluster for this test alone. It takes some seconds and ends with the test.
func Start(t testing.TB, opts devcluster.Options) *devcluster.Cluster {
	t.Helper()
	c, err := devcluster.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}
