package install

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/leash"
)

// Build makes programs of this repository in dir, from packages such as "." (the operator) or "./cmd/graph-emulator". It
// takes the flags that this program was built with, and those in the environment's RACE: -race has the programs checked
// for data races by a test that is not, as what only looks on would be several times slower. Where the environment's
// PROGRAMS names a directory with such programs, made just now for all tests of a run, dir gets links to those instead.
func Build(ctx context.Context, dir string, packages ...string) error {
	if made := os.Getenv("PROGRAMS"); made != "" {
		return link(made, dir, packages)
	}
	root, err := devcluster.Root()
	if err != nil {
		return err
	}
	// Without a stamp git is not needed, and no repository that it would not trust.
	args := append([]string{"build", "-buildvcs=false", "-o", dir + "/"}, strings.Fields(os.Getenv("RACE"))...)
	env := append(os.Environ(), "GOTMPDIR="+dir) // it leaves its files where they are when it is interrupted
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "-race", "-trimpath":
				args = append(args, s.Key+"="+s.Value)
			case "CGO_ENABLED":
				env = append(env, s.Key+"="+s.Value)
			}
		}
	}
	cmd := exec.Command("go", append(args, packages...)...)
	cmd.Dir, cmd.Env = root, env
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

// link stands in for a build. It looks at each program, so that go test, which keeps results by the files that a test
// looks at, runs the test again when a program was made anew.
func link(made, dir string, packages []string) error {
	for _, p := range packages {
		name := path.Base(p)
		if p == "." {
			name = "phone-operator"
		}
		program := filepath.Join(made, name)
		if _, err := os.Stat(program); err != nil {
			return fmt.Errorf("PROGRAMS has no %s, leave it out or run make test: %w", name, err)
		}
		if err := os.Symlink(program, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}
