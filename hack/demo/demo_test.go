package main

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/entraops/phone-operator/internal/devcluster"
)

// asProgram, when set, makes this test binary the demo itself.
const asProgram = "DEMO_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// kept is the demo, left running as a program of its own.
type kept struct {
	program *exec.Cmd
	printed *bufio.Scanner
	exports []string // the lines of shell that it prints
}

// keepRunning starts it, with its temporary files in dir, and waits until it says what to try.
func keepRunning(t *testing.T, dir string) *kept {
	t.Helper()
	k := &kept{program: exec.CommandContext(t.Context(), os.Args[0], "-keep")}
	k.program.Env = append(os.Environ(), asProgram+"=yes", "TMPDIR="+dir)
	k.program.Stderr = t.Output()
	stdout, err := k.program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := k.program.Start(); err != nil {
		t.Fatal(err)
	}
	k.printed = bufio.NewScanner(io.TeeReader(stdout, t.Output()))
	for k.printed.Scan() && !strings.Contains(k.printed.Text(), "kubectl get pam -A -w") {
		if line := strings.TrimSpace(k.printed.Text()); strings.HasPrefix(line, "export ") {
			k.exports = append(k.exports, line)
		}
	}
	if len(k.exports) == 0 || !strings.Contains(k.exports[0], "KUBECONFIG=/") {
		t.Error("it did not say which KUBECONFIG to use")
		k.stop(t)
		t.FailNow()
	}
	return k
}

// stop tells it to end, as Ctrl-C does, and waits for that.
func (k *kept) stop(t *testing.T) {
	t.Helper()
	if err := k.program.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	for k.printed.Scan() { // to its end
	}
	if err := k.program.Wait(); err != nil {
		t.Errorf("told to end: %v", err)
	}
}

// needKubectl is the kubectl that the demo will use.
func needKubectl(t *testing.T) string {
	t.Helper()
	root, err := devcluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	if assets, err := devcluster.Assets(root); err == nil {
		if path, err := exec.LookPath(filepath.Join(assets, "kubectl")); err == nil {
			return path
		}
	}
	path, err := exec.LookPath("kubectl")
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("the demo needs kubectl, and there is none in the PATH nor beside kube-apiserver")
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// readSources looks at everything that the demo builds and applies. Go remembers that a test passed until something
// changes that the test itself has read, and what go build and kubectl read for it does not count.
func readSources(t *testing.T) {
	t.Helper()
	root, err := devcluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(root, func(_ string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() && (entry.Name() == "bin" || entry.Name() == "testdata" || entry.Name() == ".git") {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func empty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		t.Errorf("%s is left behind", entry.Name())
	}
}
