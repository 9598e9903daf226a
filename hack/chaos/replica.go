package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// replica is one place for an operator. A process that ends there, in whatever way, is followed by another, as a
// kubelet does it.
type replica struct {
	name    string
	program string
	config  string // kubeconfig
	dir     string
	ledger  *ledger

	mu      sync.Mutex
	cmd     *exec.Cmd
	metrics string
	starts  int
	done    chan struct{} // of the process that runs, closed at its end
}

// keep runs operators until ctx ends, then kills the last.
func (p *replica) keep(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := p.start(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			p.signal(syscall.SIGKILL)
			<-p.done
		case <-p.done:
			p.ledger.operatorEnded()
		}
		select { // a program that cannot start is not to keep the machine busy
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return nil
}

func (p *replica) start() error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.starts++
	log, err := os.OpenFile(p.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the process has its own
	fmt.Fprintf(log, "--- process %d of replica %s\n", p.starts, p.name)
	p.metrics = address
	p.cmd = exec.Command("sh", "-c", leash, "sh", p.program,
		"--leader-elect", "--leader-election-namespace="+system,
		"--metrics-bind-address="+address, "--metrics-secure=false", "--health-probe-bind-address=0", "--zap-log-level=1")
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "KUBECONFIG=" + p.config}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	pipe, err := tie(p.cmd)
	if err != nil {
		return fmt.Errorf("start replica %s: %w", p.name, err)
	}
	done, cmd := make(chan struct{}), p.cmd
	p.done = done
	go func() {
		_ = cmd.Wait() // how it ended is in its log, or was our doing
		_, _ = pipe.WriteString("\n")
		_ = pipe.Close()
		close(done)
	}()
	return nil
}

func (p *replica) log() string { return filepath.Join(p.dir, "operator-"+p.name+".log") }

// signal reaches the process that runs now, and the shell that holds its leash.
func (p *replica) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s == syscall.SIGTERM {
		_ = p.cmd.Process.Signal(s) // it may have ended
		return
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, s)
}

// leads says whether the process that runs now has the lease.
func (p *replica) leads(ctx context.Context) bool {
	p.mu.Lock()
	address := p.metrics
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if name, value, _ := strings.Cut(lines.Text(), " "); strings.HasPrefix(name, "leader_election_master_status") {
			return value == "1"
		}
	}
	return false
}

// operatorEnded starts a new epoch: what the ended process knew, nobody knows any more.
func (l *ledger) operatorEnded() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.epoch++
}

// freeAddress is an address of this machine that nobody listens on.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
