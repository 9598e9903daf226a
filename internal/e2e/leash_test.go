package e2e_test

import (
	"os"
	"os/exec"
	"syscall"
)

// Whatever is started here holds one end of a pipe and this process the other, so that it learns of this process's end
// in whatever way that comes: deferred calls, signal handlers and tests' cleanups do not run when a test times out.
const (
	// leash runs "$@", and kills it when the pipe closes.
	leash = `exec 3<&0
{ read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 &
exec "$@" 3<&- </dev/null`

	// janitor removes $1 when the pipe closes, after those on a leash that write to it.
	janitor = `trap '' INT TERM
read -r _
sleep 1
rm -rf "$1"`
)

// tie starts a shell script with a pipe to this process, as the leader of a process group of its own.
func tie(cmd *exec.Cmd) (*os.File, error) {
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = theirs.Close() }()
	cmd.Stdin = theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		_ = ours.Close()
		return nil, err
	}
	return ours, nil
}

// kept holds pipes that are to close with this process and not before: the garbage collector would close them.
var kept []*os.File

// leashedDir makes a directory that goes with this process.
func leashedDir() (string, error) {
	dir, err := os.MkdirTemp("", "phone-operator-e2e-")
	if err != nil {
		return "", err
	}
	pipe, err := tie(exec.Command("sh", "-c", janitor, "sh", dir))
	if err != nil {
		_ = os.RemoveAll(dir)
		return "", err
	}
	kept = append(kept, pipe)
	return dir, nil
}
