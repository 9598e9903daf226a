package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/testing/install"
)

func (d *demo) build(ctx context.Context) error {
	return install.Build(ctx, d.dir, ".", "./cmd/graph-emulator")
}

func (d *demo) startCluster(context.Context) (err error) {
	if d.cluster, err = install.Start(d.dir, devcluster.Options{}); err != nil {
		return err
	}
	d.stops = append(d.stops, d.cluster.Stop)
	return nil
}

func (d *demo) install(ctx context.Context) error {
	applied, err := d.cluster.Install(ctx)
	d.detail(fmt.Sprintf("%d objects", strings.Count(applied, "\n")))
	return err
}

// startOperator runs the real program with the rights that config/rbac gives to its ServiceAccount, and no others.
func (d *demo) startOperator(ctx context.Context) (err error) {
	if d.operator, err = d.cluster.Run(ctx, install.Launch{Probes: true, Args: []string{"--leader-elect"}}); err != nil {
		return err
	}
	d.needs("operator", d.operator.Process)
	d.detail("system:serviceaccount:" + install.Namespace + ":" + install.ServiceAccount)
	return nil
}

// apply creates or changes what files hold, in their order, and returns a line for each object.
func (d *demo) apply(ctx context.Context, files ...string) (string, error) {
	args := []string{"apply", "--server-side"}
	for _, f := range files {
		args = append(args, "-f", f)
	}
	return d.cluster.Kubectl(ctx, args...)
}

// get reads objects of one kind in all namespaces into a list type.
func (d *demo) get(ctx context.Context, kind string, into any) error {
	out, err := d.cluster.Kubectl(ctx, "get", kind, "--all-namespaces", "--output=json")
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(out), into)
}

// wait returns when objects are as condition says, which has the form of kubectl's --for.
func (d *demo) wait(ctx context.Context, condition string, args ...string) error {
	_, err := d.cluster.Kubectl(ctx, append([]string{"wait", "--for=" + condition, "--timeout=60s"}, args...)...)
	return err
}
