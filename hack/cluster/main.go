// Command cluster runs a development cluster until it is told to stop (Ctrl-C), or the process that started it ends.
// It writes an administrator's kubeconfig and then says "ready".
//
//	go run ./hack/cluster -crds -kubeconfig bin/kubeconfig
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/leash"
)

func main() {
	flags := flag.NewFlagSet("cluster", flag.ExitOnError) // controller-runtime has a -kubeconfig among the common flags
	kubeconfig := flags.String("kubeconfig", "", "file to write an administrator's kubeconfig to (required)")
	crds := flags.Bool("crds", false, "install the repository's CRDs")
	_ = flags.Parse(os.Args[1:]) // exits by itself
	if *kubeconfig == "" || flags.NArg() > 0 {
		flags.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(leash.UntilOrphaned(ctx), *kubeconfig, *crds); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, kubeconfig string, crds bool) (err error) {
	var opts devcluster.Options
	if crds {
		opts.CRDs = []string{devcluster.CRDs}
	}
	c, err := devcluster.Start(opts)
	if err != nil {
		return err
	}
	defer func() {
		if stopErr := c.Stop(); err == nil {
			err = stopErr
		}
	}()
	fmt.Fprintln(os.Stderr, "cluster: starting the namespace controller (built on first use, a minute or two)")
	if err := c.StartNamespaceController(); err != nil {
		return err
	}
	file, err := devcluster.Kubeconfig(c.Config())
	if err != nil {
		return err
	}
	if err := os.WriteFile(kubeconfig, file, 0o600); err != nil {
		return err
	}
	defer os.Remove(kubeconfig) //nolint:errcheck // of no use to anybody from now on
	fmt.Println("ready")
	<-ctx.Done()
	return nil
}
