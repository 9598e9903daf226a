package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// programs are what a directory has when it was built, in the order of building.
var programs = []struct{ name, pkg, module, long string }{
	{"etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3", "about a minute"},
	{"kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", kubernetes, "about five minutes"},
	{"kubectl", "k8s.io/kubernetes/cmd/kubectl", kubernetes, "half a minute"},
}

const kubernetes = "k8s.io/kubernetes"

// build makes the programs from source, in a directory named after the version below dir, and returns it.
// The directory is there whole or not at all.
func build(ctx context.Context, module, dir string) (string, error) {
	leftovers, _ := filepath.Glob(filepath.Join(dir, ".build-*")) // of a run that was killed
	for _, left := range leftovers {
		_ = os.RemoveAll(left)
	}
	work, err := os.MkdirTemp(dir, ".build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work) //nolint:errcheck // the next run tries again
	fresh := filepath.Join(work, "new")
	for _, p := range programs {
		say("building %s %s from source, %s on two cores, once", p.name, version(p.module), p.long)
		if err := compile(ctx, module, filepath.Join(fresh, p.name), p.pkg); err != nil {
			return "", fmt.Errorf("build %s: %w", p.name, err)
		}
	}
	built := filepath.Join(dir, strings.TrimPrefix(version(kubernetes), "v")+"-"+platform())
	_ = os.Chmod(built, 0o755) // setup-envtest leaves its directories read-only
	if err := os.Rename(built, filepath.Join(work, "old")); err != nil && !os.IsNotExist(err) {
		return "", err
	}
	return built, os.Rename(fresh, built)
}

// compile runs go build in module and says every half minute that it still does.
func compile(ctx context.Context, module, output, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", ldflags(), "-o", output, pkg)
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // go build then stops its compilers
	cmd.WaitDelay = 10 * time.Second
	var log bytes.Buffer // the modules downloaded, a line each: only of interest when it fails
	cmd.Stdout, cmd.Stderr = &log, &log

	start := time.Now()
	done := make(chan error, 1)
	go func() { done <- cmd.Run() }()
	heartbeat := time.NewTicker(30 * time.Second)
	defer heartbeat.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return fmt.Errorf("%w\n%s", err, log.String())
			}
			say("built %s in %s", filepath.Base(output), time.Since(start).Round(time.Second))
			return nil
		case <-heartbeat.C:
			say("still building %s, %s", filepath.Base(output), time.Since(start).Round(time.Second))
		}
	}
}

// ldflags gives the programs the version that a release has; without it the API server calls itself v0.0.0.
func ldflags() string {
	v := version(kubernetes)
	number := strings.SplitN(strings.TrimPrefix(v, "v"), ".", 3)
	flags := []string{"-s", "-w"}
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags = append(flags,
			"-X", pkg+".gitVersion="+v, "-X", pkg+".gitMajor="+number[0], "-X", pkg+".gitMinor="+number[1],
			"-X", pkg+".gitTreeState=clean")
	}
	return strings.Join(flags, " ")
}

// version is the version of a module that go.mod requires, such as v1.37.2.
func version(module string) string {
	found := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(module) + ` (v\S+)`).FindSubmatch(goMod)
	if found == nil {
		return "of an unknown version"
	}
	return string(found[1])
}
