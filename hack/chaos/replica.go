package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
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
	gauges, err := p.gauges(ctx)
	return err == nil && gauges["leader_election_master_status"] == 1
}

// gauges are the metrics of the process that runs now, by their names without labels: the last of each.
func (p *replica) gauges(ctx context.Context) (map[string]float64, error) {
	p.mu.Lock()
	address := p.metrics
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	all := map[string]float64{}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		name, _, _ := strings.Cut(lines.Text(), "{")
		name, value, _ := strings.Cut(name, " ")
		if value == "" { // behind the labels
			value = lines.Text()[strings.LastIndexByte(lines.Text(), ' ')+1:]
		}
		all[name], _ = strconv.ParseFloat(value, 64) // comments are none
	}
	return all, lines.Err()
}

// operatorEnded starts a new epoch: what the ended process knew, nobody knows any more.
func (l *ledger) operatorEnded() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.epoch++
}
