// Package leash ties programs and directories to the life of this process: they end with it, in whatever way it ends.
// Deferred calls, signal handlers and tests' cleanups do not run when a process is killed or a test times out, so what
// is tied holds one end of a pipe and this process the other. The pipe closes with its holder.
//
// It needs a POSIX shell.
package leash

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// program runs "$@", and kills it and what it started when the pipe closes.
const program = `exec 3<&0
{ read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 &
exec "$@" 3<&- </dev/null`

// ErrKilled is what Stop returns of a program that did not end when asked to.
var ErrKilled = errors.New("it did not end when asked to")

// Process is a program on a leash. Its methods can be used by several goroutines at once.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // to be read after done
}

// Start runs cmd until it ends by itself, is stopped or killed, or this process ends; what it started goes with it.
// It leads a process group of its own: Ctrl-C is for this process alone, which stops the others in its own order. cmd
// is changed: its standard input is empty, and Start is all that may be called on it.
func Start(cmd *exec.Cmd) (*Process, error) {
	if cmd.Err != nil {
		return nil, cmd.Err
	}
	cmd.Args = slices.Concat([]string{"sh", "-c", program, "sh", cmd.Path}, cmd.Args[1:])
	pipe, err := tie(cmd)
	if err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		_ = pipe.Close() // ends what it left behind
		close(p.done)
	}()
	return p, nil
}

// Logged runs a program with Start that adds what it says to the file log. Of the environment it sees what a pod
// would: the PATH, and env ("NAME=value").
func Logged(log string, env []string, name string, args ...string) (*Process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // the program has its own
	cmd := exec.Command(name, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	cmd.Stdout, cmd.Stderr = file, file
	return Start(cmd)
}

// tie starts cmd's arguments with the shell, with a pipe to this process as standard input, and returns our end.
func tie(cmd *exec.Cmd) (ours *os.File, err error) {
	if cmd.Path, err = exec.LookPath("sh"); err != nil {
		return nil, err
	}
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = theirs.Close() }()
	cmd.Stdin = theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	return ours, nil
}

// PID is the program's process id, which may be another's once it has ended.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Running reports whether it has not.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Wait waits for the program's end and returns how it ended, as exec.Cmd does. If ctx ends before, it is killed.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.done:
	case <-ctx.Done():
		p.Kill()
	}
	return p.err
}

// Signal sends a signal to the program alone. Of one that has ended it returns os.ErrProcessDone.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Kill ends the program and what it started, and returns when it has ended. It may have ended before.
func (p *Process) Kill() {
	if p.Running() {
		_ = syscall.Kill(-p.PID(), syscall.SIGKILL)
	}
	<-p.done
}

// Stop asks the program to end (SIGTERM) and kills it if it has not after grace, which is ErrKilled. Else it returns
// how the program ended; of one that had ended before, or was never started (nil), nothing.
func (p *Process) Stop(grace time.Duration) error {
	if p == nil || p.Signal(syscall.SIGTERM) != nil {
		return nil
	}
	select {
	case <-p.done:
		return p.err
	case <-time.After(grace):
		p.Kill()
		return ErrKilled
	}
}
