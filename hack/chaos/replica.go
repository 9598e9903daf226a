package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/leash"
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
	process *leash.Process // the one that runs, or ran last
	metrics string
	starts  int
}

// keep runs operators until ctx ends, then kills the last.
func (p *replica) keep(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := p.start(); err != nil {
			return err
		}
		_ = p.process.Wait(ctx) // how it ended is in its log, or was our doing
		if ctx.Err() == nil {
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
	address, err := devcluster.FreeAddress()
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
	fmt.Fprintf(log, "--- process %d of replica %s\n", p.starts, p.name)
	if err := log.Close(); err != nil {
		return err
	}
	p.metrics = address
	p.process, err = leash.Logged(p.log(), []string{"KUBECONFIG=" + p.config}, p.program,
		"--leader-elect", "--leader-election-namespace="+system,
		"--metrics-bind-address="+address, "--metrics-secure=false", "--health-probe-bind-address=0", "--zap-log-level=1")
	if err != nil {
		return fmt.Errorf("start replica %s: %w", p.name, err)
	}
	return nil
}

func (p *replica) log() string { return filepath.Join(p.dir, "operator-"+p.name+".log") }

// running is the process that runs now, or ran last.
func (p *replica) running() *leash.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.process
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
