package leash_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"weak"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/entraops/phone-operator/internal/leash"
)

// long is more time than anything here takes.
const long = time.Minute

func TestStop(t *testing.T) {
	for name, tc := range map[string]struct {
		script string
		grace  time.Duration
		want   string // in the error; empty: none
	}{
		"a program that ends when asked":         {`trap 'exit 0' TERM; echo ready; while :; do sleep 1 & wait $!; done`, long, ""},
		"a program that fails when asked to end": {`trap 'exit 3' TERM; echo ready; while :; do sleep 1 & wait $!; done`, long, "exit status 3"},
		"a program that will not end":            {`trap '' TERM; echo ready; while :; do sleep 1; done`, 0, leash.ErrKilled.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			p, log := logged(t, nil, tc.script)
			until(t, "the program is ready", func() bool { return read(t, log) == "ready\n" })
			err := p.Stop(tc.grace)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if p.Running() {
				t.Error("it still runs")
			}
			if err := p.Stop(long); err != nil {
				t.Errorf("stopped again: %v", err)
			}
		})
	}
}

func TestOneThatEndsByItselfSaysHow(t *testing.T) {
	p, log := logged(t, nil, "echo cannot go on; exit 4")
	var exit *exec.ExitError
	if err := p.Wait(t.Context()); !errors.As(err, &exit) || exit.ExitCode() != 4 {
		t.Errorf("got %v", err)
	}
	if got := read(t, log); got != "cannot go on\n" {
		t.Errorf("the log has %q", got)
	}
}

func TestNobodyWaitsLongerThanTheContext(t *testing.T) {
	p, _ := logged(t, nil, "exec sleep 3600")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Wait(ctx); err == nil || p.Running() {
		t.Errorf("got %v, running: %v", err, p.Running())
	}
}

func TestAProgramThatIsNotThereDoesNotStart(t *testing.T) {
	if _, err := leash.Start(exec.Command("a-program-that-is-not-there")); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestALoggedProgramSeesNothingOfThePersonsEnvironment(t *testing.T) {
	t.Setenv("AZURE_CLIENT_SECRET", "the person's own")
	p, log := logged(t, []string{"KUBECONFIG=given"}, `echo "$KUBECONFIG,$AZURE_CLIENT_SECRET"`)
	<-p.Done()
	if got := read(t, log); got != "given,\n" {
		t.Errorf("it saw %q", got)
	}
}

func TestWhatAProgramStartedEndsWithIt(t *testing.T) {
	alive := fifo(t)
	p, _ := logged(t, nil, `exec 4<>"$0"; sleep 3600 & exec sleep 3600`, alive)
	reader := open(t, alive)
	if err := p.Signal(syscall.SIGTERM); err != nil { // it alone
		t.Fatal(err)
	}
	closed(t, reader, "what the program started goes on")
}

func TestStandInsRunOnWhenNobodyHoldsThem(t *testing.T) {
	s, err := leash.NewStandIns(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	held := weak.Make(s)
	runtime.GC()
	if s = held.Value(); s == nil {
		t.Fatal("the garbage collector took them, and the programs with them")
	}
	s.End()
}

func TestRemoveRemoves(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir, remove, err := leash.TempDir("leash-")
	if err != nil {
		t.Fatal(err)
	}
	if err := remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

// ownerPipe, when set, makes this test binary the owner of a program until it is killed.
const ownerPipe = "LEASH_TEST_OWNER_PIPE"

func TestProgramAndFilesEndWithTheirKilledOwner(t *testing.T) {
	if pipe := os.Getenv(ownerPipe); pipe != "" {
		own(t, pipe)
	}
	files := t.TempDir()
	alive := fifo(t)
	owner := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProgramAndFilesEndWithTheirKilledOwner$")
	owner.Env = append(os.Environ(), ownerPipe+"="+alive, "TMPDIR="+files)
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the program is ready", func() bool {
		logs, _ := filepath.Glob(filepath.Join(files, "*", "program.log"))
		return len(logs) == 1 && strings.Count(read(t, logs[0]), "ready") == 2
	})
	reader := open(t, alive)
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait()
	closed(t, reader, "the program, or what it started, goes on without its owner")
	until(t, "its files are gone", func() bool {
		left, err := os.ReadDir(files)
		return err == nil && len(left) == 0
	})
}

// own starts a program that holds pipe open and starts another that does, both for an hour, once by itself and once as
// somebody would who takes a path, and waits to be killed.
func own(t *testing.T, pipe string) {
	const script = `exec 4<>"$0"; sleep 3600 & echo ready; exec sleep 3600`
	dir, _, err := leash.TempDir("leash-")
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "program.log")
	p, err := leash.Logged(log, nil, "sh", "-c", script, pipe)
	if err != nil {
		t.Fatal(err)
	}
	standIns, err := leash.NewStandIns(dir)
	if err != nil {
		t.Fatal(err)
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	path, err := standIns.For(shell)
	if err != nil {
		t.Fatal(err)
	}
	other := exec.Command(path, "-c", script, pipe)
	if other.Stdout, err = os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0); err != nil {
		t.Fatal(err)
	}
	other.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as envtest does
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	os.Exit(1)
}

// orphan, when set, makes this test binary one that notices the end of its parent and then removes the file of that name.
const orphan = "LEASH_TEST_ORPHAN"

func TestAnOrphanNotices(t *testing.T) {
	if file := os.Getenv(orphan); file != "" {
		ctx := leash.UntilOrphaned(context.Background())
		if os.WriteFile(file, nil, 0o600) == nil {
			<-ctx.Done()
			_ = os.Remove(file)
		}
		os.Exit(0)
	}
	file := filepath.Join(t.TempDir(), "alive")
	parent := exec.CommandContext(t.Context(), "sh", "-c",
		`"$0" -test.run='^TestAnOrphanNotices$' & until [ -e "$1" ]; do sleep 0.02; done`, os.Args[0], file)
	parent.Env = append(os.Environ(), orphan+"="+file)
	if err := parent.Run(); err != nil {
		t.Fatal(err)
	}
	until(t, "it has noticed", func() bool {
		_, err := os.Stat(file)
		return errors.Is(err, fs.ErrNotExist)
	})
}

// logged runs a shell script; its log is the second result.
func logged(t *testing.T, env []string, script string, args ...string) (*leash.Process, string) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "program.log")
	p, err := leash.Logged(log, env, "sh", append([]string{"-c", script}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p, log
}

// fifo is a named pipe: who reads it comes to its end when nobody holds it open for writing.
func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "alive")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// open returns when somebody holds the other end.
func open(t *testing.T, path string) io.Reader {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func closed(t *testing.T, reader io.Reader, otherwise string) {
	t.Helper()
	end := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, reader)
		close(end)
	}()
	select {
	case <-end:
	case <-time.After(long):
		t.Fatal(otherwise)
	}
}

// read is what a file has; a file that is not there yet has nothing.
func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, long, true, func(context.Context) (bool, error) {
		return is(), nil
	})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
