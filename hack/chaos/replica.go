package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/entraops/phone-operator/internal/testing/install"
)

// replica is one place for an operator. A process that ends there, in whatever way, is followed by another, as a
// kubelet does it.
type replica struct {
	name string
	w    *world

	mu      sync.Mutex
	process *install.Operator // the one that runs, or ran last
}

// keep runs operators until ctx ends, then kills the last.
func (p *replica) keep(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := p.start(ctx); err != nil {
			return err
		}
		_ = p.process.Wait(ctx) // how it ended is in its log, or was our doing
		if ctx.Err() == nil {
			p.w.ledger.operatorEnded()
		}
		select { // a program that cannot start is not to keep the machine busy
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return nil
}

func (p *replica) start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	p.process, err = p.w.Launch(ctx, install.Launch{Log: "operator-" + p.name, Metrics: true,
		Args: []string{"--leader-elect", "--metrics-secure=false", "--zap-log-level=1"}})
	if err != nil {
		return fmt.Errorf("start replica %s: %w", p.name, err)
	}
	return nil
}

// running is the process that runs now, or ran last; nil before the first.
func (p *replica) running() *install.Operator {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.process
}

// leads reports whether the process that runs now has the lease.
func (p *replica) leads(ctx context.Context) bool {
	gauges, err := p.gauges(ctx)
	return err == nil && gauges["leader_election_master_status"] == 1
}

// gauges are the metrics of the process that runs now, by their names without labels: the last of each.
func (p *replica) gauges(ctx context.Context) (map[string]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	process := p.running()
	if process == nil {
		return nil, errors.New("it has not started yet")
	}
	text, err := install.Get(ctx, "http://"+process.Metrics+"/metrics")
	if err != nil {
		return nil, err
	}
	all := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		name, _, _ := strings.Cut(line, "{")
		name, value, _ := strings.Cut(name, " ")
		if value == "" { // behind the labels
			value = line[strings.LastIndexByte(line, ' ')+1:]
		}
		all[name], _ = strconv.ParseFloat(value, 64) // comments are none
	}
	return all, nil
}

// operatorEnded starts a new epoch: what the ended process knew, nobody knows any more.
func (l *ledger) operatorEnded() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.epoch++
}
