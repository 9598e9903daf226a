package devcluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// ownerDir, when set, makes this test binary the owner of a leashed server until it is killed.
const ownerDir = "DEVCLUSTER_TEST_OWNER_DIR"

func TestServerEndsWithItsKilledOwner(t *testing.T) {
	if dir := os.Getenv(ownerDir); dir != "" {
		own(t, dir)
	}
	dir := filepath.Join(t.TempDir(), "cluster")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	// The owner and its server hold the other end of this pipe, so it ends when both have.
	output, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	owner := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestServerEndsWithItsKilledOwner$")
	owner.Env = append(os.Environ(), ownerDir+"="+dir)
	owner.Stdout = theirs
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	_ = theirs.Close()
	if err := output.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(output, make([]byte, len("started"))); err != nil {
		t.Fatalf("the owner did not start its server: %v", err)
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, output); err != nil {
		t.Errorf("the server goes on without its owner: %v", err)
	}
	_ = owner.Wait()
	gone := func(context.Context) (bool, error) {
		_, err := os.Stat(dir)
		return errors.Is(err, fs.ErrNotExist), nil
	}
	if err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, time.Minute, true, gone); err != nil {
		t.Errorf("the server's files are still there: %v", err)
	}
}

// own starts a server that would run for an hour, says so, and waits to be killed.
func own(t *testing.T, dir string) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLeash(root, dir)
	if err != nil {
		t.Fatal(err)
	}
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	path, err := l.tie(sleep)
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command(path, "3600")
	server.Stdout = os.Stdout
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as envtest does
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Print("started")
	_ = server.Wait()
	os.Exit(1)
}
