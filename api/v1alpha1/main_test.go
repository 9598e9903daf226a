package v1alpha1_test

import (
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testenv"
)

var (
	once   sync.Once
	shared client.Client
)

// k8s is a client of the API server of all tests here. It reads from the server, not
// from a cache.
func k8s(t *testing.T) client.Client {
	t.Helper()
	cluster := testenv.Shared(t)
	once.Do(func() {
		scheme := runtime.NewScheme()
		if err := v1alpha1.AddToScheme(scheme); err != nil {
			t.Fatal(err)
		}
		var err error
		if shared, err = client.New(cluster.Config(), client.Options{Scheme: scheme}); err != nil {
			t.Fatal(err)
		}
	})
	return shared
}
