package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// failover times how long the tenants are without an operator. A request is of a process that came after a fall if it
// comes over a connection that was not there before: what the dead one had sent may still arrive.
type failover struct {
	falls int
	since map[string]int // address of a connection -> how many falls were before it
	what  string         // the last fall, while no request has come after it; empty: one has
	at    time.Time
	took  map[string][]time.Duration
	// mute: connections that are older than this fall are of a leader that was paused, and bring nothing since.
	mute      int
	muteSince time.Time
}

// fell begins to time a fall of the leader.
func (l *ledger) fell(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failover.falls++
	l.failover.what, l.failover.at = what, time.Now()
}

// mayNotSpeak notes that whoever spoke before the last fall must not do so any more.
func (l *ledger) mayNotSpeak() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failover.mute, l.failover.muteSince = l.failover.falls, time.Now()
}

// isMute reports whether a request comes over a connection that may bring nothing by then. l.mu is held.
func (f *failover) isMute(from string, arrived time.Time) bool {
	falls, known := f.since[from]
	return known && falls < f.mute && arrived.After(f.muteSince)
}

// arrives looks whether a request to Graph is the first after a fall. l.mu is held.
func (f *failover) arrives(from string, at time.Time) {
	if _, known := f.since[from]; !known {
		f.since[from] = f.falls
	}
	if f.what != "" && f.since[from] == f.falls {
		f.note(f.what+": until the first request to Graph after it", at.Sub(f.at))
		f.what = ""
	}
}

func (f *failover) note(what string, took time.Duration) { f.took[what] = append(f.took[what], took) }

// took records a time that something took.
func (l *ledger) took(what string, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failover.note(what, d)
}

// print tells the times by what they are of.
func (f *failover) print(out io.Writer) {
	for _, what := range slices.Sorted(maps.Keys(f.took)) {
		all := slices.Sorted(slices.Values(f.took[what]))
		fmt.Fprintf(out, "%7.2f  s, %s; %.2f to %.2f s, %d times\n", all[len(all)/2].Seconds(), what,
			all[0].Seconds(), all[len(all)-1].Seconds(), len(all))
	}
}
