package install

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/leash"
)

// The chart, from the repository's root, and the release of it that gives the names of config/default.
const (
	Chart   = "charts/phone-operator"
	Release = "phone-operator"
)

// helm is the pinned Helm, and the directory that it has for the settings of a user: an empty one.
var helm = sync.OnceValues(func() (found struct{ program, home string }, err error) {
	root, err := devcluster.Root()
	if err != nil {
		return found, err
	}
	// It is built by the first call, which takes minutes, and is in the build cache afterwards.
	for _, args := range [][]string{{"helm", "version"}, {"-n", "helm"}} {
		cmd := exec.Command("go", append([]string{"tool", "-modfile=hack/tools/helm/go.mod"}, args...)...)
		cmd.Dir, cmd.Stderr = root, os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return found, fmt.Errorf("%s: %w", cmd, err)
		}
		found.program = strings.TrimSpace(string(out))
	}
	found.home, _, err = leash.TempDir("phone-operator-helm-")
	return found, err
})

// Helm runs the pinned Helm at the repository's root, with nothing of the user's settings, and returns what it prints. The
// error has what it said.
func Helm(ctx context.Context, args ...string) (string, error) {
	found, err := helm()
	if err != nil {
		return "", err
	}
	root, err := devcluster.Root()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, found.program, args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "HELM_CONFIG_HOME="+found.home, "HELM_CACHE_HOME="+found.home, "HELM_DATA_HOME="+found.home)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("helm %s: %w\n%s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// InstallChart installs the chart with values (YAML), or upgrades what is installed to these, and returns when the
// operator's kinds are known.
func (c *Cluster) InstallChart(ctx context.Context, values string) error {
	file := filepath.Join(c.dir, "values.yaml")
	if err := os.WriteFile(file, []byte(values), 0o600); err != nil {
		return err
	}
	_, err := Helm(ctx, "upgrade", "--install", Release, Chart, "--namespace", Namespace, "--create-namespace",
		"--kubeconfig", c.Kubeconfig, "--reset-values", "--values", file)
	if err != nil {
		return err
	}
	return c.kindsAreKnown(ctx)
}

// Pod is what the installed Deployment makes pods of.
func (c *Cluster) Pod(ctx context.Context) (*corev1.PodSpec, error) {
	var d appsv1.Deployment
	err := c.Get(ctx, client.ObjectKey{Namespace: Namespace, Name: ServiceAccount}, &d)
	return &d.Spec.Template.Spec, err
}

// TestRelease is helm test of the release. There is no node: run is given the pod that Helm makes, and does what a node
// would with it; its error makes the pod one that failed. The error is Helm's.
func (c *Cluster) TestRelease(ctx context.Context, run func(*corev1.PodSpec) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	said := make(chan error, 1)
	go func() {
		_, err := Helm(ctx, "test", Release, "--namespace", Namespace, "--kubeconfig", c.Kubeconfig, "--timeout", "3m")
		stop(err) // nobody has to wait for a pod any more
		said <- err
	}()
	var pod corev1.Pod
	err := wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		err := c.Get(ctx, client.ObjectKey{Namespace: Namespace, Name: Release + "-test"}, &pod)
		return err == nil && pod.Status.Phase == corev1.PodPending, client.IgnoreNotFound(err)
	})
	if err == nil {
		pod.Status.Phase = corev1.PodSucceeded
		if run(&pod.Spec) != nil {
			pod.Status.Phase = corev1.PodFailed
		}
		err = c.Status().Update(ctx, &pod)
	}
	if err != nil {
		stop(err)
		return errors.Join(err, <-said)
	}
	return <-said
}
