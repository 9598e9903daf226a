package main

import (
	"os"
	"os/exec"
	"syscall"
)

// Whatever is started here holds one end of a pipe and this process the other, so that it learns of this process's end
// in whatever way that comes: deferred calls and signal handlers do not run when it is killed. A line on it lets go.
const (
	// leash runs "$@", and kills it and what it started when the pipe closes.
	leash = `exec 3<&0
{ read -r _ <&3 || kill -KILL 0; } >/dev/null 2>&1 &
exec "$@" 3<&- </dev/null`

	// janitor removes $1 when the pipe closes, after those on a leash that write to it.
	janitor = `trap '' INT TERM
read -r _ || { sleep 1; rm -rf "$1"; }`
)

// tie starts a shell with a pipe to this process, as the leader of a process group of its own.
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

// tempDir makes a directory that goes with remove, or when this process ends without it.
func tempDir() (dir string, remove func(), err error) {
	if dir, err = os.MkdirTemp("", "phone-operator-chaos-"); err != nil {
		return "", nil, err
	}
	cmd := exec.Command("sh", "-c", janitor, "sh", dir)
	pipe, err := tie(cmd)
	if err != nil {
		_ = os.RemoveAll(dir)
		return "", nil, err
	}
	return dir, func() {
		_ = os.RemoveAll(dir)
		_, _ = pipe.WriteString("\n")
		_ = pipe.Close()
		_ = cmd.Wait()
	}, nil
}
