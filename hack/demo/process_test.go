package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
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
		"a program that will not end":            {`trap '' TERM; echo ready; while :; do sleep 1; done`, 0, "did not end"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := start(t.TempDir(), "program", nil, "/bin/sh", "-c", tc.script)
			if err != nil {
				t.Fatal(err)
			}
			until(t, "the program is ready", func() bool { return p.output() == "ready\n" })
			err = p.stop(tc.grace)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			select {
			case <-p.done:
			default:
				t.Error("it still runs")
			}
		})
	}
}

func TestAProgramThatEndsByItselfIsNoticedAndKeepsItsLog(t *testing.T) {
	p, err := start(t.TempDir(), "operator", nil, "/bin/sh", "-c", "echo cannot go on; exit 4")
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(long):
		t.Fatal("its end was not noticed")
	}
	if err := p.ended(); err == nil || !strings.Contains(err.Error(), "the operator ended by itself: exit status 4") {
		t.Errorf("got %v", err)
	}
	if got := p.output(); got != "cannot go on\n" {
		t.Errorf("the log has %q", got)
	}
}

func TestAProgramSeesNothingOfThePersonsEnvironment(t *testing.T) {
	t.Setenv("AZURE_CLIENT_SECRET", "the person's own")
	p, err := start(t.TempDir(), "operator", []string{"KUBECONFIG=given"}, "/bin/sh", "-c", `echo "$KUBECONFIG,$AZURE_CLIENT_SECRET"`)
	if err != nil {
		t.Fatal(err)
	}
	<-p.done
	if got := p.output(); got != "given,\n" {
		t.Errorf("it saw %q", got)
	}
}

// ownerPipe, when set, makes this test binary the owner of a program until it is killed.
const ownerPipe = "DEMO_TEST_OWNER_PIPE"

func TestAProgramEndsWithItsKilledOwner(t *testing.T) {
	if pipe := os.Getenv(ownerPipe); pipe != "" {
		own(t, pipe)
	}
	files := t.TempDir()
	// The program alone holds this pipe open, so it ends when the program does.
	pipe := filepath.Join(t.TempDir(), "alive")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	owner := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAProgramEndsWithItsKilledOwner$")
	owner.Env = append(os.Environ(), ownerPipe+"="+pipe, "TMPDIR="+files)
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the program is ready", func() bool {
		logs, _ := filepath.Glob(filepath.Join(files, "*", "program.log"))
		return len(logs) == 1 && size(logs[0]) > 0
	})
	alive, err := os.Open(pipe)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = alive.Close() }()
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait()
	gone := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, alive)
		close(gone)
	}()
	select {
	case <-gone:
	case <-time.After(long):
		t.Fatal("the program goes on without its owner")
	}
	until(t, "its files are gone", func() bool {
		left, err := os.ReadDir(files)
		return err == nil && len(left) == 0
	})
}

// own starts a program that would run for an hour and holds pipe open, and waits to be killed.
func own(t *testing.T, pipe string) {
	dir, _, err := tempDir()
	if err != nil {
		t.Fatal(err)
	}
	p, err := start(dir, "program", nil, "/bin/sh", "-c", `exec 3<>"$0"; echo ready; exec sleep 3600`, pipe)
	if err != nil {
		t.Fatal(err)
	}
	<-p.done
	os.Exit(1)
}

func size(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return info.Size()
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
