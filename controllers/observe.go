package controllers

import (
	"context"
	"slices"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// observe asks Graph, with one call, what the user has, and settles what the
// memory of earlier writes still holds against it.
func (p *pass) observe(ctx context.Context) error {
	listed, err := p.tenant.Graph.PhoneMethods(ctx, p.user.ID)
	if err != nil {
		return err
	}
	p.stale = false
	p.methods = nil
	for _, m := range listed {
		p.methods = append(p.methods, plan.Method{Type: m.Type, Number: m.Number, SMS: m.SMSSignInState})
	}
	for _, t := range phone.Types() {
		if w := p.memory[t]; w != nil {
			p.settle(ctx, t, w)
		}
	}
	p.heedUndone()
	p.doubt()
	p.doubtAbsence()
	p.delayHeirs()
	return nil
}

// settle compares one remembered write with what Graph shows now.
func (p *pass) settle(ctx context.Context, t phone.Type, w *lastWrite) {
	m := p.method(t)
	masked := m != nil && w.after != nil && !w.action.Number.IsZero() && m.Number.Compare(w.action.Number) == phone.Unknown
	switch {
	case isRefusal(w.failed) && w.action.Verb == plan.Delete && m == nil && slices.Contains(w.older, nil) && p.now.Sub(w.at) < catchUp:
		// A refused deletion is no deletion where the read may be as old as the time
		// before the phone was made.
		p.set(t, w.before)
		p.lookAgain(w.at.Add(catchUp).Sub(p.now) / 2)
	case w.shows(m), masked && w.failed == "":
		if masked {
			m.Number = w.after.Number // Graph does not show it; that it took it is enough
		}
		if w.alone {
			p.landings.Delete(creation{p.key, t}) // here it is
		}
		switch w.failed {
		case "":
		case graph.NotFound:
			p.deleted[t], w.failed = true, "" // by another client, before us
		default:
			p.succeeded(w.action) // an error was the answer, and the work was done
			p.audit(ctx, w.action, w.requestID)
			w.failed = ""
		}
		// The next read may be of a part of Graph that is behind once more.
		if p.now.Sub(w.at) >= catchUp {
			delete(p.memory, t)
		}
	case w.failed != "" && w.failed != graph.NotFound && !isRefusal(w.failed) && p.now.Sub(w.at) > landing+catchUp:
		delete(p.memory, t) // it will not come any more: what shows up so is somebody else's
	case w.failed != "":
		if isRefusal(w.failed) && w.strikes >= strikeOut && p.now.Sub(w.at) >= p.retryAfter(w) {
			// Once more. If Graph refuses again, it is believed at once, and to the
			// outside nothing has changed.
			w.strikes = strikeOut - 1
		}
	case w.stale(m) && p.now.Sub(w.at) < catchUp:
		p.set(t, w.after)
		// Most reads lag for less than a second: soon, and then later and later.
		p.lookAgain(min(p.now.Sub(w.at), w.at.Add(catchUp).Sub(p.now)))
	case w.action.Verb == plan.EnableSMS || w.action.Verb == plan.DisableSMS:
		// Acknowledged and never done: for some users Graph does that, and would
		// do so again.
		w.failed, w.strikes, w.at = graph.Refused, strikeOut, p.now
	default:
		p.noteUndone(w, m)
		delete(p.memory, t) // seen by now, or undone by another client
	}
}

// undoing is a number that Graph showed right after another one was written.
type undoing struct {
	sent  phone.Number
	shown phone.Reading
	times int
	last  time.Time
}

// undoneAtMost is how often a write is made anew right after Graph showed the same other
// number in its place. Something in Entra then undoes it each time, be it Graph's own way
// to write the number or a person: the next attempt is left to the resync.
const undoneAtMost = 2

// noteUndone counts what Graph shows in place of a number that it acknowledged.
func (p *pass) noteUndone(w *lastWrite, m *plan.Method) {
	c := p.claim(w.action.For)
	if c == nil || m == nil || w.action.Number.IsZero() || m.Number.Compare(w.action.Number) != phone.Different {
		return
	}
	u := undoing{sent: w.action.Number, shown: m.Number, last: p.now}
	if before := p.undoingOf(c); before.sent == u.sent && before.shown == u.shown {
		u.times = before.times
	}
	u.times++
	p.undone.Set(c.object.UID, u, 2*p.tenant.Spec.ResyncPeriodOrDefault())
}

func (p *pass) undoingOf(c *claim) undoing {
	if u, ok := p.undone.Get(c.object.UID); ok {
		return u.(undoing)
	}
	return undoing{}
}

// heedUndone has claims whose writes are undone again and again report that until the
// resync, in place of a correction at every look.
func (p *pass) heedUndone() {
	for _, c := range p.claims {
		m, u := p.method(c.Type), p.undoingOf(c)
		wait := u.last.Add(p.tenant.Spec.ResyncPeriodOrDefault() * 3 / 4).Sub(p.now)
		if m != nil && c.Holder && u.times >= undoneAtMost && u.sent == c.Number && u.shown == m.Number && wait > 0 {
			c.Drift, c.undone = plan.ReportDrift, true
		}
	}
}

// method returns what Graph has of a type, to be changed in place; nil is none.
func (p *pass) method(t phone.Type) *plan.Method {
	for i := range p.methods {
		if p.methods[i].Type == t {
			return &p.methods[i]
		}
	}
	return nil
}

// set replaces what is known of a type; nil is none.
func (p *pass) set(t phone.Type, m *plan.Method) {
	var methods []plan.Method
	for _, other := range p.methods {
		if other.Type != t {
			methods = append(methods, other)
		}
	}
	if m != nil {
		methods = append(methods, *m)
	}
	p.methods = methods
}
