package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// leash runs "$@" and kills it when the pipe on its standard input closes, which is when this process ends, in
// whatever way.
const leash = `exec 3<&0
{ read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 &
exec "$@" 3<&- </dev/null`

// process is a program that runs until stop, or until this process ends.
type process struct {
	cmd  *exec.Cmd
	pipe *os.File
	log  string
	done chan struct{}
}

func start(dir, name string, env []string, program string, args ...string) (*process, error) {
	p := &process{log: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = theirs.Close() }()
	p.pipe = ours
	p.cmd = exec.Command("sh", append([]string{"-c", leash, "sh", program}, args...)...)
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = theirs, log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the %s: %w", name, err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// stop asks the program to end, and kills it if it does not.
func (p *process) stop() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
	}
	_ = p.pipe.Close()
	<-p.done
}

// memory returns the resident memory of the program in bytes, now and at its highest. Linux only.
func (p *process) memory() (now, highest int64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	field := func(name string) (bytesUsed int64) {
		_, rest, _ := bytes.Cut(status, []byte(name+":"))
		if words := bytes.Fields(rest); len(words) > 0 {
			bytesUsed, _ = strconv.ParseInt(string(words[0]), 10, 64)
		}
		return bytesUsed << 10
	}
	return field("VmRSS"), field("VmHWM"), nil
}

// build makes the programs as `make build` does.
func build(ctx context.Context, root, dir string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", dir+"/", ".", "./cmd/graph-emulator")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}
