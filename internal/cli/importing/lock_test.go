package importing

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A process has a folder for itself until it ends, also by a kill.
func TestAKilledImportLocksNobodyOut(t *testing.T) {
	const child = "PHONEMETHOD_TEST_FOLDER"
	if dir := os.Getenv(child); dir != "" {
		if _, err := NewFolder(dir, Style{}); err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("taken\n")
		_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed, or the test ends
	}
	dir := t.TempDir()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	other := exec.CommandContext(t.Context(), program, "-test.run=^"+t.Name()+"$")
	other.Env = append(os.Environ(), child+"="+dir)
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	said, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || said != "taken\n" {
		t.Fatalf("the other process said %q: %v", said, err)
	}
	if _, err := NewFolder(dir, Style{}); !errors.Is(err, ErrBusy) {
		t.Errorf("two processes have one folder: %v", err)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // it was killed
	f, err := NewFolder(dir, Style{})
	if err != nil {
		t.Fatalf("a killed process locks others out: %v", err)
	}
	f.Close()
	if _, err := os.Stat(filepath.Join(dir, lockName)); err == nil {
		t.Error("the lock is left in the folder")
	}
}
