package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// shownUsers bounds the evidence: who reads it starts with the first anyway.
const shownUsers = 5

// report tells what was done and what was found, with the history of whoever it was found about. All numbers in it are
// the emulator's own, made up.
func (w *world) report(out io.Writer) {
	l := w.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	// What was found comes first: where a long log is cut, its beginning stays.
	var whose []*account
	for _, v := range l.violations {
		if v.user == nil {
			fmt.Fprintf(out, "VIOLATION: %s\n", v.rule)
			continue
		}
		fmt.Fprintf(out, "VIOLATION: %s: %s\n", v.user.upn, v.rule)
		if !slices.Contains(whose, v.user) {
			whose = append(whose, v.user)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(l.counts)) {
		fmt.Fprintf(out, "%7d  %s\n", l.counts[kind], kind)
	}
	fmt.Fprintf(out, "%7d  resources made\n%7d  operators ended\n%7d  violations\n", len(l.resources), l.epoch, len(l.violations))
	l.failover.print(out)
	for _, a := range whose[:min(len(whose), shownUsers)] {
		fmt.Fprintf(out, "\nHistory of %s (%s, tenant %s), seed %d:\n", a.upn, a.id, a.realm.name, w.seed)
		for _, line := range a.history {
			fmt.Fprintln(out, line)
		}
		for _, p := range w.replicas {
			fmt.Fprintf(out, "What replica %s logged of this user:\n%s", p.name, about(p.running().Output(), a))
		}
	}
}

// about are the lines of a log that speak of a user.
func about(log string, a *account) string {
	const most = 150
	var lines []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, a.id) || strings.Contains(line, a.upn) || strings.Contains(line, `"msg":"starting"`) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-most):], "")
}

// err is what was found.
func (l *ledger) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.violations) == 0 {
		return nil
	}
	return fmt.Errorf("%d violations, the first: %s", len(l.violations), l.violations[0].rule)
}
