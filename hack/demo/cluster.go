package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"k8s.io/client-go/rest"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/leash"
)

// The names that config/default gives to what it installs.
const (
	operatorNamespace = "phone-operator-system"
	operatorAccount   = "phone-operator-controller-manager"
	operatorProgram   = "phone-operator"
	graphProgram      = "graph-emulator"
)

// build makes the programs. They are checked for data races if this one is, which is so in make test; most of the work
// is then done already, too, as it is in make demo.
func (d *demo) build(ctx context.Context) error {
	// Without a stamp git is not needed, and no repository that it would not trust.
	cmd := exec.Command("go", "build", "-buildvcs=false", "-race="+strconv.FormatBool(raced()), "-o", d.dir+"/", ".", "./cmd/"+graphProgram)
	cmd.Dir = d.root
	cmd.Env = append(os.Environ(), "GOTMPDIR="+d.dir) // it leaves its files where they are when it is interrupted
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	p, err := leash.Start(cmd)
	if err != nil {
		return err
	}
	if err := p.Wait(ctx); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, log.String())
	}
	return nil
}

// raced says whether this program was built to find data races.
func raced() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// startCluster runs the API server and makes kubectl its administrator's.
func (d *demo) startCluster(context.Context) (err error) {
	if d.cluster, err = devcluster.Start(devcluster.Options{}); err != nil {
		return err
	}
	if d.kube.path, err = exec.LookPath(d.cluster.Kubectl()); err != nil {
		return fmt.Errorf("there is no kubectl, neither beside kube-apiserver nor in the PATH: install one: %w", err)
	}
	config, err := d.writeKubeconfig("kubeconfig", d.cluster.Config())
	if err != nil {
		return err
	}
	d.kube.flags = []string{"--kubeconfig=" + config, "--cache-dir=" + d.path("kubectl-cache")}
	return nil
}

func (d *demo) writeKubeconfig(name string, cfg *rest.Config) (string, error) {
	file, err := devcluster.Kubeconfig(cfg)
	if err != nil {
		return "", err
	}
	return d.path(name), os.WriteFile(d.path(name), file, 0o600)
}

// install does what the README says for a real cluster. The Deployment makes no Pod here: there are no nodes.
func (d *demo) install(ctx context.Context) error {
	out, err := d.kube.run(ctx, "apply", "--server-side", "-k", d.root+"/config/default")
	if err != nil {
		return err
	}
	d.detail(fmt.Sprintf("%d objects", strings.Count(out, "\n")))
	return d.kube.wait(ctx, "condition=Established", "crd",
		"phoneauthenticationmethods.identity.entraops.dev", "entratenants.identity.entraops.dev")
}
