package confine_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/testing/confine"
)

var _ = confine.Enter()

const want = `uid 65532, gid 65532, pid 1
arguments [--one two]
capabilities [{0 0 0} {0 0 0}]
no new privileges 1 <nil>
chown to be had 0 <nil>
root %v <nil>
write: open /tmp/file: read-only file system
shown "to be seen" <nil>
write shown: read-only file system
mount: operation not permitted
`

func TestAProgramIsConfined(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	root, script, shown := filepath.Join(dir, "root"), filepath.Join(dir, "script"), filepath.Join(dir, "shown")
	must(t, os.MkdirAll(filepath.Join(root, "tmp"), 0o777))
	must(t, os.WriteFile(shown, []byte("to be seen"), 0o600))
	build := exec.Command("go", "build", "-o", filepath.Join(root, "probe"), "./testdata/probe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c := confine.Container{Root: root, Program: "/probe", Files: []string{"SHOWN", "NOT_SET"}}
	if err := c.Try(); errors.Is(err, confine.ErrNotAllowed) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	must(t, c.Script(script))
	cmd := exec.Command(script, "--one", "two")
	cmd.Env = append(os.Environ(), "SHOWN="+shown)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("it ended with %v, not with the program's 3", err)
	}
	top, _, _ := strings.Cut(strings.TrimPrefix(shown, "/"), "/") // leads to what is shown
	names := []string{"probe", "tmp", top}
	slices.Sort(names)
	if diff := cmp.Diff(fmt.Sprintf(want, slices.Compact(names)), string(out)); diff != "" {
		t.Errorf("what a program sees (-want +got):\n%s", diff)
	}
	if err := (confine.Container{Root: filepath.Join(dir, "nowhere"), Program: "/probe"}).Try(); err == nil || errors.Is(err, confine.ErrNotAllowed) {
		t.Errorf("a root that is not there: %v", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
