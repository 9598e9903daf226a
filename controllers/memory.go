package controllers

import (
	"fmt"
	"slices"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// memory is what the operator remembers of its last write to each phone type of
// one user. It is patience, not truth: without it, after a restart, the operator
// is slower to be sure and writes something twice that can be written twice.
// Only the worker that has the user's key touches it.
type memory map[phone.Type]*lastWrite

// lastWrite is a write whose effect was not seen in Graph yet.
type lastWrite struct {
	action        plan.Action
	before, after *plan.Method // nil: no such method
	// older are what Graph had before earlier writes that were not seen either when
	// this one was made: a read may lag behind them too.
	older []*plan.Method
	at    time.Time
	// failed is what Graph said, "" if it said that the write was done.
	failed graph.Kind
	// requestID is the id of a write that failed, for the audit line if it was done all the same.
	requestID string
	// asked is what the resource asked for at the time: its generation and request.
	asked string
	// alone says of a create whose end nobody heard that there is no other such.
	alone bool
	// strikes counts how often Graph refused the same write, or said that there was nothing
	// to delete.
	strikes int
	lost    lost
}

const (
	// catchUp is how long reads may lag behind a write that Graph acknowledged.
	// Graph promises nothing; those who wait in production wait 5 to 30 seconds.
	catchUp = 30 * time.Second
	// settle is how long a write of unknown outcome is left alone before it is
	// read again and, if it did nothing, tried again.
	settle = 5 * time.Second
	// confirm is the same for a write that Graph refused: the reason may be a
	// write of ours that has not reached all of Graph.
	confirm = 3 * time.Second
	// strikeOut is how often Graph must refuse a write before we believe it.
	strikeOut = 2
	// retryDelete is when a refused deletion is tried again: most wait for the
	// user to choose another default method.
	retryDelete = 10 * time.Minute
)

// recall fetches the user's memory. What a claim now asks for anew is tried anew.
func (p *pass) recall() {
	p.memory = memory{}
	if m, ok := p.memories.Get(p.key); ok {
		p.memory = m.(memory)
	}
	for t, w := range p.memory {
		c := p.claim(w.action.For)
		if isRefusal(w.failed) && (c == nil || c.asks() != w.asked || !w.action.Number.IsZero() && w.action.Number != c.Number) {
			delete(p.memory, t)
		}
	}
}

// asks names what the resource asks for, so that two askings can be told apart.
func (c *claim) asks() string {
	return fmt.Sprintf("%d %s", c.object.Generation, requested(c.object))
}

// remember keeps the memory for as long as any of it can matter, and twice that:
// the look that it is kept for may be late.
func (p *pass) remember() {
	var keep time.Duration
	for _, w := range p.memory {
		if w.failed == "" {
			keep = max(keep, catchUp)
		} else {
			keep = max(keep, settle, p.retryAfter(w))
		}
	}
	if keep == 0 {
		p.memories.Delete(p.key)
		return
	}
	p.memories.Set(p.key, p.memory, 2*keep)
}

// doubt tells the plan what the memory says about each phone type: which writes
// are not settled, and which Graph refused.
func (p *pass) doubt() {
	for t, w := range p.memory {
		if w.failed == "" {
			continue
		}
		for _, c := range p.claims {
			if c.Type != t {
				continue
			}
			c.Refused = 0
			if c.Withheld == plan.Unsettled && c.failed == nil {
				c.Withheld = plan.Nothing
			}
			if wait := w.wait(p.now); wait > 0 {
				c.Withheld = plan.Unsettled
				p.lookAgain(wait)
			} else if isRefusal(w.failed) && w.strikes >= strikeOut && c.Ref == w.action.For {
				c.Refused, c.refusedAs = plan.SetOf(w.action.Verb), w.failed
				p.lookAgain(w.at.Add(p.retryAfter(w)).Sub(p.now))
			}
		}
	}
}

// doubtAbsence keeps a resource that leaves from being let go while what it made
// may just not show yet: for as long as reads lag after the last create, and for
// all that is known that was right before this operator began to work. A create
// whose end nobody heard may first have to land.
//
// Neither is a create begun for a number that was edited since: its pending write would
// take the place of the one by which the phone is known that may come.
func (p *pass) doubtAbsence() {
	for _, c := range p.claims {
		edited := !c.Leaving && begun(c) && c.Creating != c.Number.Masked() && p.method(c.Type) == nil
		if !edited && (!c.Leaving || !c.Holder && !begun(c)) {
			continue
		}
		if wait := p.appears(c).Sub(p.now); wait > 0 {
			c.Withheld = plan.Unsettled
			p.lookAgain(wait)
		}
	}
}

// appears is until when a phone that a leaving resource made may yet come to be
// shown that is not shown now.
func (p *pass) appears(c *claim) time.Time {
	m, rival := p.method(c.Type), p.heldBeside(c)
	lands := p.createLands(c.Type)
	if begun(c) {
		lands = later(lands, p.started.Add(landing))
	}
	switch {
	case m != nil && (c.Holder || !rival && m.Number.Masked() == c.Creating):
		return time.Time{} // there it is
	case m != nil:
		return lands // what is there is another's, and may go before
	case p.deleted[c.Type] && (c.Holder || !rival):
		return p.createLands(c.Type)
	}
	last := later(lands, p.started)
	if w := p.memory[c.Type]; w != nil && w.action.Verb == plan.Create {
		last = later(last, w.at)
	}
	return last.Add(catchUp)
}

// begun says whether a create was begun for c of which no more is known.
func begun(c *claim) bool { return !c.Holder && c.Creating != "" }

// heldBeside says whether another resource is recorded as the holder of c's phone type.
func (p *pass) heldBeside(c *claim) bool {
	return slices.ContainsFunc(p.claims, func(o *claim) bool { return o != c && o.Type == c.Type && o.Holder })
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// wait is how long a write must still be left alone.
func (w *lastWrite) wait(now time.Time) time.Duration {
	patience := settle
	switch {
	case isRefusal(w.failed) && w.strikes >= strikeOut:
		return 0
	case isRefusal(w.failed):
		patience = confirm
	case w.failed == graph.NotFound: // and the list shows it: more and more patience
		patience = min(settle<<min(max(w.strikes-1, 0), 10), retryDelete)
	}
	return w.at.Add(patience).Sub(now)
}

// shows says whether m, nil for none, is what the write was to bring about.
func (w *lastWrite) shows(m *plan.Method) bool {
	switch w.action.Verb {
	case plan.Delete:
		return m == nil
	case plan.Create, plan.Update:
		return m != nil && m.Number.Compare(w.action.Number) == phone.Equal
	case plan.EnableSMS:
		return m != nil && m.SMS == phone.Ready
	case plan.DisableSMS:
		return m != nil && m.SMS != phone.Ready
	case plan.None:
	}
	return true
}

// stale says whether m is what Graph had before the write, or before those that
// came right before it, so that a read that shows it may just be late. Anything
// else was written by somebody else since.
func (w *lastWrite) stale(m *plan.Method) bool {
	return slices.ContainsFunc(w.mayShow(), func(was *plan.Method) bool {
		if m == nil || was == nil {
			return m == nil && was == nil
		}
		return m.Number == was.Number && m.SMS == was.SMS
	})
}

// mayShow returns all that a read which lags behind the write may show; nothing
// where no write is remembered.
func (w *lastWrite) mayShow() []*plan.Method {
	if w == nil {
		return nil
	}
	return append(slices.Clone(w.older), w.before)
}

// is says whether the write was this action.
func (w *lastWrite) is(a plan.Action) bool {
	return w.action.Verb == a.Verb && w.action.Number == a.Number && w.action.For == a.For
}
