package devcluster_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/testenv"
)

func TestCluster(t *testing.T) {
	c := testenv.Start(t, devcluster.Options{})
	admin := client(t, c.Config())

	t.Run("a user has the name and groups asked for, and no rights", func(t *testing.T) {
		cfg, err := c.User("ada", "people")
		if err != nil {
			t.Fatal(err)
		}
		user := client(t, cfg)
		who := whoAmI(t, user)
		if who.Username != "ada" || who.Groups[0] != "people" {
			t.Errorf("got %s of %v", who.Username, who.Groups)
		}
		_, err = user.CoreV1().Secrets("default").List(t.Context(), metav1.ListOptions{})
		if !apierrors.IsForbidden(err) {
			t.Errorf("list secrets: got %v, want forbidden", err)
		}
	})

	t.Run("a ServiceAccount logs in with its token", func(t *testing.T) {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "manager"}}
		if _, err := admin.CoreV1().ServiceAccounts("default").Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		cfg, err := c.ServiceAccount(t.Context(), "default", "manager")
		if err != nil {
			t.Fatal(err)
		}
		if got, want := whoAmI(t, client(t, cfg)).Username, "system:serviceaccount:default:manager"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})

	t.Run("kubectl logs in with a kubeconfig", func(t *testing.T) {
		file, err := devcluster.Kubeconfig(c.Config())
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "kubeconfig")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), c.Kubectl(), "--kubeconfig", path, "auth", "whoami").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "admin") {
			t.Errorf("%v\n%s", err, out)
		}
	})

	t.Run("a deleted namespace goes with what is in it", func(t *testing.T) {
		if err := c.StartNamespaceController(); err != nil {
			t.Fatal(err)
		}
		namespaces := admin.CoreV1().Namespaces()
		people := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "people"}}
		if _, err := namespaces.Create(t.Context(), people, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "phones"}}
		if _, err := admin.CoreV1().Secrets("people").Create(t.Context(), secret, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		patience := int64(time.Minute / time.Second)
		w, err := namespaces.Watch(t.Context(), metav1.ListOptions{
			FieldSelector: "metadata.name=people", TimeoutSeconds: &patience,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Stop()
		if err := namespaces.Delete(t.Context(), "people", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		for event := range w.ResultChan() {
			if event.Type == watch.Deleted {
				return
			}
		}
		t.Error("the namespace is still there")
	})
}

func client(t *testing.T, cfg *rest.Config) *kubernetes.Clientset {
	t.Helper()
	c, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func whoAmI(t *testing.T, c *kubernetes.Clientset) authenticationv1.UserInfo {
	t.Helper()
	review := &authenticationv1.SelfSubjectReview{}
	review, err := c.AuthenticationV1().SelfSubjectReviews().Create(t.Context(), review, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return review.Status.UserInfo
}
