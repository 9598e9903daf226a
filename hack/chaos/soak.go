package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// soak tells each minute what the operators' processes take of the machine, until ctx ends.
func (w *world) soak(ctx context.Context, out io.Writer) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		fmt.Fprintf(out, "%7.1f s  %d resources\n", time.Since(w.ledger.began).Seconds(), w.ledger.alive())
		for _, p := range w.replicas {
			if said, err := p.takes(ctx); err == nil {
				fmt.Fprintf(out, "           replica %s: %s\n", p.name, said)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// alive is how many resources there are.
func (l *ledger) alive() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.resources {
		if r.created && !r.gone {
			n++
		}
	}
	return n
}

// takes is what the process that runs now takes.
func (p *replica) takes(ctx context.Context) (string, error) {
	metrics, err := p.metrics(ctx)
	if err != nil {
		return "", err
	}
	const mega = 1 << 20
	return fmt.Sprintf("%.1f MiB resident, %.1f MiB of heap in use, %.0f goroutines, %.0f open files, leads: %v",
		gauge(metrics, "process_resident_memory_bytes")/mega, gauge(metrics, "go_memstats_heap_inuse_bytes")/mega,
		gauge(metrics, "go_goroutines"), gauge(metrics, "process_open_fds"), gauge(metrics, leading) == 1), nil
}
