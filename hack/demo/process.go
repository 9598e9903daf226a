package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/entraops/phone-operator/internal/leash"
)

// process is a program that was started and runs until stop, or until this process ends.
type process struct {
	*leash.Process
	name, log string
}

// start runs a program that writes to <name>.log in dir. It sees of the environment what a pod would.
func start(dir, name string, env []string, program string, args ...string) (*process, error) {
	p := &process{name: name, log: filepath.Join(dir, name+".log")}
	var err error
	if p.Process, err = leash.Logged(p.log, env, program, args...); err != nil {
		return nil, fmt.Errorf("start the %s: %w", name, err)
	}
	return p, nil
}

// ended waits for the end of a program that should still run, and says how it came.
func (p *process) ended() error {
	err := p.Wait(context.Background())
	if err == nil {
		err = errors.New("without an error")
	}
	return fmt.Errorf("the %s ended by itself: %w", p.name, err)
}

// stop asks the program to end and kills it if it has not after grace. It has nothing to say of one that was never
// started, or that ended before.
func (p *process) stop(grace time.Duration) error {
	if p == nil {
		return nil // its name is not known either
	}
	if err := p.Stop(grace); err != nil {
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
