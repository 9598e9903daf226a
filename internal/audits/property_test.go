package audits

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/internal/graph"
)

// world is a Graph that changes, shows its records late, twice and in any order, and is read by
// one who may be restarted at any time.
type world struct {
	t       *rapid.T
	now     time.Time
	changes []*change
	log     Log
	skew    time.Duration // of the reader's clock
	quiet   bool          // nothing fails, and nothing is changed meanwhile
}

// change is one of a user's phone.
type change struct {
	record graph.AuditRecord
	shown  time.Time // from when on the record shows
	doubly bool      // it shows twice
	told   int       // how often the user was told
	lost   bool      // the reader was restarted since it was told
}

func (w *world) step(longest time.Duration) {
	w.now = w.now.Add(time.Duration(rapid.Int64Range(1, int64(longest)).Draw(w.t, "passes")))
}

func (w *world) change() {
	n := len(w.changes)
	w.changes = append(w.changes, &change{
		record: graph.AuditRecord{
			ID: fmt.Sprint("record ", n), At: w.now, Activity: "Admin updated security info", Users: []string{fmt.Sprint("user ", n)},
		},
		shown:  w.now.Add(rapid.SampledFrom([]time.Duration{0, time.Minute, overlap / 2, overlap - time.Second, overlap}).Draw(w.t, "late")),
		doubly: rapid.Bool().Draw(w.t, "doubled"),
	})
	w.step(time.Second)
}

// read reads the log once, as far as it gets: in pages of any size, while changes go on.
func (w *world) read() {
	for {
		log, since, next := w.log.Ask(w.now.Add(w.skew))
		w.log = log
		if next != "" && !w.quiet && rapid.IntRange(0, 9).Draw(w.t, "fails") == 0 {
			w.log = w.log.Failed()
			return
		}
		page := w.page(since, next)
		log, users := w.log.Heard(page, own, never, w.now.Add(w.skew))
		w.log = log
		for _, c := range w.changes {
			if slices.Contains(users, c.record.Users[0]) {
				if c.told++; c.told > 1 && !c.lost {
					w.t.Fatalf("%s was told again, without a restart", c.record.ID)
				}
				c.lost = false
			}
		}
		if w.step(time.Second); !w.log.IsReading() {
			return
		}
		if !w.quiet && rapid.Bool().Draw(w.t, "changes meanwhile") {
			w.change()
		}
	}
}

// page is what Graph gives: latest first, so that what shows meanwhile moves the rest.
func (w *world) page(since time.Time, next string) graph.Page[graph.AuditRecord] {
	var rows []graph.AuditRecord
	for _, c := range slices.Backward(w.changes) {
		if c.shown.After(w.now) || c.record.At.Before(since) {
			continue
		}
		if rows = append(rows, c.record); c.doubly {
			rows = append(rows, c.record)
		}
	}
	from := 0
	if next != "" {
		_, _ = fmt.Sscan(next, &from)
	}
	from = min(from, len(rows))
	to := min(len(rows), from+rapid.IntRange(4, 8).Draw(w.t, "rows"))
	p := graph.Page[graph.AuditRecord]{Rows: rows[from:to], Now: w.now.Truncate(time.Second)}
	if to < len(rows) {
		p.Next = fmt.Sprint(to)
	}
	return p
}

// Whatever is late by no more than the overlap, doubled or out of order, and however often reads
// fail and the reader is restarted: each change is told once at least, and without a restart
// once.
func TestEachChangeIsTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{t: t, now: noon, skew: time.Duration(rapid.Int64Range(-int64(overlap)/2, int64(overlap)/2).Draw(t, "skew"))}
		w.read() // the watch begins
		t.Repeat(map[string]func(*rapid.T){
			"a change":  func(t *rapid.T) { w.t = t; w.change() },
			"minutes":   func(*rapid.T) { w.now = w.now.Add(7 * time.Minute) },
			"time":      func(*rapid.T) { w.now = w.now.Add(overlap*2/3 + time.Second) },
			"a read":    func(t *rapid.T) { w.t = t; w.read() },
			"a restart": func(*rapid.T) { w.restart() },
		})
		w.t = t
		w.now, w.quiet = w.now.Add(overlap), true
		w.read() // it may go on with one that began before
		w.read()
		for _, c := range w.changes {
			if c.told == 0 {
				t.Fatalf("%s of %s, shown from %s on, was never told", c.record.ID, c.record.At, c.shown)
			}
		}
	})
}

// restart keeps what status has: the position.
func (w *world) restart() {
	w.log = Resume(w.log.Position())
	for _, c := range w.changes {
		c.lost = true
	}
}
