package devcluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/entraops/phone-operator/internal/leash"
)

// StartNamespaceController adds Kubernetes' own namespace controller, so that a deleted namespace goes and takes its
// objects along. It returns when the controller runs, and may be called once. The controller is a program of
// hack/devcluster, which Go builds on first use: seconds after the API server was built there, else a minute or two.
func (c *Cluster) StartNamespaceController() error {
	kubeconfig, err := Kubeconfig(c.env.Config)
	if err != nil {
		return err
	}
	path := filepath.Join(c.dir, "namespace-controller.kubeconfig")
	if err := os.WriteFile(path, kubeconfig, 0o600); err != nil {
		return err
	}
	// With the flags that the API server was built with the two share what is compiled.
	cmd := exec.Command("go", "run", "-trimpath", "./namespace-controller", "-kubeconfig", path)
	cmd.Dir = filepath.Join(c.root, "hack", "devcluster")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOTMPDIR="+c.dir) // it is killed, and leaves its files
	log, err := c.log("namespace-controller")
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = log, log
	if c.namespaces, err = leash.Start(cmd); err != nil {
		return err
	}
	return wait.PollUntilContextCancel(context.Background(), 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		if !c.namespaces.Running() {
			return false, fmt.Errorf("namespace controller: %w%s", c.namespaces.Wait(ctx), c.lastWords())
		}
		said, err := os.ReadFile(log.Name())
		return slices.Contains(strings.Split(string(said), "\n"), "ready"), err
	})
}
