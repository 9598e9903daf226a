package devcluster

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if cmd.Stderr, err = c.log("namespace-controller"); err != nil {
		return err
	}
	life, err := cmd.StdinPipe() // it ends when this closes, which it also does when this process ends
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	stop := func() error {
		_ = life.Close()
		return cmd.Wait()
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil { // ended before it said that it is ready
		return fmt.Errorf("namespace controller: %w%s", stop(), c.lastWords())
	}
	c.namespaces = stop
	return nil
}
