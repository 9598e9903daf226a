package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// process is a program that was started and runs until stop, or until this process ends.
type process struct {
	name  string
	cmd   *exec.Cmd
	leash pipe
	log   string
	done  chan struct{} // closed when it has ended
	err   error         // why it ended; to be read after done
}

// start runs a program that writes to <name>.log in dir. It sees of the environment what a pod would.
func start(dir, name string, env []string, program string, args ...string) (*process, error) {
	p := &process{name: name, log: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	p.cmd = shell(context.Background(), leash, slices.Concat([]string{program}, args)...)
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if p.leash, err = tie(p.cmd); err != nil {
		return nil, fmt.Errorf("start the %s: %w", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		_ = p.leash.let() // if it was killed there is nobody left to hear it
		close(p.done)
	}()
	return p, nil
}

// ended says how a program came to its end that should still run. It is for after done.
func (p *process) ended() error {
	if p.err == nil {
		return fmt.Errorf("the %s ended by itself", p.name)
	}
	return fmt.Errorf("the %s ended by itself: %w", p.name, p.err)
}

// stop asks the program to end and kills it if it has not after grace. It has nothing to say of one that was never
// started, or that ended before.
func (p *process) stop(grace time.Duration) error {
	if p == nil || p.cmd.Process.Signal(syscall.SIGTERM) != nil {
		return nil
	}
	var err error
	select {
	case <-p.done:
		err = p.err
	case <-time.After(grace):
		_ = kill(p.cmd)
		<-p.done
		err = errors.New("it did not end when asked to")
	}
	if err != nil {
		return fmt.Errorf("stop the %s: %w", p.name, err)
	}
	return nil
}

// output is all that it has written so far.
func (p *process) output() string {
	log, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(log)
}
