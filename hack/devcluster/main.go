// Command devcluster finds a Kubernetes control plane that runs on this machine: a directory with etcd,
// kube-apiserver and kubectl. It prints the directory on standard output and what it does on standard error.
//
// In this order: the directory in KUBEBUILDER_ASSETS; what an earlier run left in bin/k8s; the download of
// setup-envtest where it can be reached; else the programs are built from their Go modules. Two runs at once
// do the work once. The programs are this module's tools, so their versions are in its go.mod.
//
// It runs nothing: for that see hack/cluster and internal/testenv of the operator's module.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := find(ctx)
	if err != nil {
		say("%v", err)
		os.Exit(1)
	}
	fmt.Println(dir)
}

// find returns the directory of the programs, which it downloads or builds where they are missing.
func find(ctx context.Context) (string, error) {
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		if err := complete(dir); err != nil {
			return "", fmt.Errorf("KUBEBUILDER_ASSETS (unset it to have the programs fetched or built): %w", err)
		}
		return dir, nil
	}
	module, err := filepath.Abs(".")
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(module, "build.go")); err != nil {
		return "", fmt.Errorf("run it in its own directory, as make assets does: %w", err)
	}
	bin := filepath.Join(module, "..", "..", "bin")
	c, err := open(ctx, filepath.Join(bin, "k8s"))
	if err != nil {
		return "", err
	}
	defer c.close()
	if dir, ok := c.current(); ok {
		return dir, nil
	}
	dir, err := download(ctx, module, bin, releaseIndex)
	if err != nil {
		say("no download (%v): building instead", err)
		if dir, err = build(ctx, module, c.dir); err != nil {
			return "", err
		}
	}
	return dir, c.keep(dir)
}

// complete says which of the programs that every user of the directory needs is missing, if any.
func complete(dir string) error {
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// say tells the person at the terminal; standard output is for the directory alone.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "devcluster: "+format+"\n", args...)
}
