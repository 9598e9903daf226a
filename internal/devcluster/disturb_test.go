package devcluster_test

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/testenv"
)

func TestDisturbances(t *testing.T) {
	c := testenv.Start(t, devcluster.Options{})
	admin, err := kubernetes.NewForConfig(c.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a restarted API server has its data and knows its users", func(t *testing.T) { restarts(t, c, admin) })
	t.Run("a stalled server answers only once it is resumed", func(t *testing.T) { stalls(t, c, admin) })
}

func restarts(t *testing.T, c *devcluster.Cluster, admin kubernetes.Interface) {
	kept := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "kept"}}
	if _, err := admin.CoreV1().ConfigMaps("default").Create(t.Context(), kept, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.RestartAPIServer(0); err != nil {
			t.Fatal(err)
		}
		if _, err := admin.CoreV1().ConfigMaps("default").Get(t.Context(), "kept", metav1.GetOptions{}); err != nil {
			t.Errorf("after a restart: %v", err)
		}
	}
}

func stalls(t *testing.T, c *devcluster.Cluster, admin kubernetes.Interface) {
	for _, server := range []devcluster.Server{devcluster.Etcd, devcluster.APIServer} {
		resume, err := c.Stall(server)
		if err != nil {
			t.Fatal(err)
		}
		// Without a resourceVersion the API server asks etcd.
		ask := func(ctx context.Context) error {
			_, err := admin.CoreV1().Namespaces().Get(ctx, "default", metav1.GetOptions{})
			return err
		}
		impatient, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if err := ask(impatient); err == nil {
			t.Errorf("%s answers although it stands still", server)
		}
		cancel()
		if err := resume(); err != nil {
			t.Fatal(err)
		}
		if err := ask(t.Context()); err != nil {
			t.Errorf("%s after it was resumed: %v", server, err)
		}
	}
}
