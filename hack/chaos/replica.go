package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
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

// leading is the gauge that is 1 while a process has the lease.
const leading = "leader_election_master_status"

// leads reports whether the process that runs now has the lease.
func (p *replica) leads(ctx context.Context) bool {
	metrics, err := p.metrics(ctx)
	return err == nil && gauge(metrics, leading) == 1
}

// metrics are those of the process that runs now, as Prometheus reads them.
func (p *replica) metrics(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	process := p.running()
	if process == nil {
		return nil, errors.New("it has not started yet")
	}
	return install.Get(ctx, "http://"+process.Metrics+"/metrics")
}

// gauge is the value of a gauge, whatever its labels; 0: it is not there.
func gauge(metrics []byte, name string) float64 {
	line := regexp.MustCompile(`(?m)^` + name + `(?:\{.*\})? (\S+)$`).FindSubmatch(metrics)
	if line == nil {
		return 0
	}
	value, _ := strconv.ParseFloat(string(line[1]), 64)
	return value
}

// operatorEnded starts a new epoch: what the ended process knew, nobody knows any more.
func (l *ledger) operatorEnded() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.epoch++
}
