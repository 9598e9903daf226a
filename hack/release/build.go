package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// platform is what a program runs on.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "/" + p.arch }

var (
	images   = []platform{{"linux", "amd64"}, {"linux", "arm64"}}
	desktops = []platform{
		{"darwin", "amd64"}, {"darwin", "arm64"}, {"linux", "amd64"}, {"linux", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
	}
)

// platforms reads linux/amd64,linux/arm64.
func platforms(s string) (all []platform, err error) {
	for one := range strings.SplitSeq(s, ",") {
		os, arch, ok := strings.Cut(one, "/")
		if !ok || os == "" || arch == "" {
			return nil, fmt.Errorf("%q is no platform such as linux/amd64", one)
		}
		all = append(all, platform{os, arch})
	}
	return all, nil
}

// binary is a program for a platform.
type binary struct {
	platform
	path string
}

// compile builds the package of root for each platform, into dir. What is built depends on the sources, the version and Go
// alone: neither on where the sources lie, nor on git or the settings of the person.
func compile(ctx context.Context, root, pkg, version, dir string, on []platform) (all []binary, err error) {
	for _, p := range on {
		b := binary{p, filepath.Join(dir, strings.Join([]string{"built", p.os, p.arch, filepath.Base(pkg)}, "_"))}
		env := []string{"CGO_ENABLED=0", "GOOS=" + p.os, "GOARCH=" + p.arch, "GOAMD64=v1", "GOARM64=v8.0"}
		_, err := output(ctx, root, env, "go", "build", "-trimpath", "-buildvcs=false",
			"-ldflags=-s -w -X "+module+"/internal/version.release="+version, "-o", b.path, pkg)
		if err != nil {
			return nil, fmt.Errorf("%s for %s: %w", pkg, p, err)
		}
		all = append(all, b)
	}
	return all, nil
}

// output runs a program in dir, with more in its environment, and returns what it prints. The error has what it said. Flags
// that the person gives every go command have no say.
func output(ctx context.Context, dir string, env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, slices.Concat(os.Environ(), []string{"GOFLAGS=-mod=readonly", "GOWORK=off"}, env)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}
