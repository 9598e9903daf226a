package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"syscall"
)

// Whatever is started here holds one end of a pipe and this process the other. The pipe closes when this process ends,
// in whatever way: deferred calls and signal handlers do not run when it is killed. A line on it lets go.
const (
	// leash runs "$@", and kills it and what it started when the pipe closes.
	leash = `exec 3<&0
{ read -r _ <&3 || kill -KILL 0; } >/dev/null 2>&1 &
exec "$@" 3<&- </dev/null`

	// janitor removes $1 when the pipe closes, after those on a leash that write to it.
	janitor = `trap '' INT TERM
read -r _ || { sleep 1; rm -rf "$1"; }`
)

// shell is the command that runs a script with arguments. It is to be started with tie.
func shell(ctx context.Context, script string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "sh", slices.Concat([]string{"-c", script, "sh"}, args)...)
}

// pipe is our end.
type pipe struct{ end *os.File }

// let ends the watch.
func (p pipe) let() error {
	_, err := p.end.WriteString("\n")
	return errors.Join(err, p.end.Close())
}

// tie starts a shell with a pipe to this process, as the leader of a process group of its own: Ctrl-C is for us alone,
// and we stop the others in our order.
func tie(cmd *exec.Cmd) (pipe, error) {
	theirs, ours, err := os.Pipe()
	if err != nil {
		return pipe{}, err
	}
	defer func() { _ = theirs.Close() }()
	cmd.Stdin = theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		_ = ours.Close()
		return pipe{}, err
	}
	return pipe{ours}, nil
}

// kill ends a tied command and what it started.
func kill(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// tempDir makes a directory that goes with remove, or when this process ends without it.
func tempDir() (dir string, remove func() error, err error) {
	if dir, err = os.MkdirTemp("", "phone-operator-demo-"); err != nil {
		return "", nil, err
	}
	cmd := shell(context.Background(), janitor, dir)
	p, err := tie(cmd)
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return dir, func() error { return errors.Join(os.RemoveAll(dir), p.let(), cmd.Wait()) }, nil
}
