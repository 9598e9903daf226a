package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

// soak tells each minute what the operators' processes take of the machine, until ctx ends. Linux only.
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
	directory := fmt.Sprintf("/proc/%d/", p.running().PID())
	status, err := os.ReadFile(directory + "status")
	if err != nil {
		return "", err
	}
	_, rest, _ := bytes.Cut(status, []byte("VmRSS:"))
	words := bytes.Fields(rest)
	if len(words) == 0 {
		return "", errors.New("it has no resident memory")
	}
	resident, err := strconv.Atoi(string(words[0])) // in kB
	if err != nil {
		return "", err
	}
	files, err := os.ReadDir(directory + "fd")
	if err != nil {
		return "", err
	}
	gauges, err := p.gauges(ctx)
	if err != nil {
		return "", err
	}
	const mega = 1 << 20
	return fmt.Sprintf("%.1f MiB resident, %.1f MiB of heap in use, %.0f goroutines, %d open files, leads: %v",
		float64(resident)/1024, gauges["go_memstats_heap_inuse_bytes"]/mega, gauges["go_goroutines"], len(files),
		gauges["leader_election_master_status"] == 1), nil
}
