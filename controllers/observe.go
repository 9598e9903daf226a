package controllers

import (
	"context"
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
	p.heedRespelled()
	p.doubt()
	p.doubtAbsence()
	return nil
}

// settle compares one remembered write with what Graph shows now.
func (p *pass) settle(ctx context.Context, t phone.Type, w *lastWrite) {
	m := p.method(t)
	masked := m != nil && w.after != nil && !w.action.Number.IsZero() && m.Number.Compare(w.action.Number) == phone.Unknown
	switch {
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
	case w.failed != "" && !isRefusal(w.failed) && p.now.Sub(w.at) > landing+catchUp:
		delete(p.memory, t) // it will not come any more: what shows up so is somebody else's
	case w.failed != "":
		if isRefusal(w.failed) && w.strikes >= strikeOut && p.now.Sub(w.at) >= p.retryAfter(w) {
			// Once more. If Graph refuses again, it is believed at once, and to the
			// outside nothing has changed.
			w.strikes = strikeOut - 1
		}
	case w.stale(m) && p.now.Sub(w.at) < catchUp:
		p.set(t, w.after)
		p.lookAgain(w.at.Add(catchUp).Sub(p.now) / 2)
	case w.action.Verb == plan.EnableSMS || w.action.Verb == plan.DisableSMS:
		// Acknowledged and never done: for some users Graph does that, and would
		// do so again.
		w.failed, w.strikes, w.at = graph.Refused, strikeOut, p.now
	default:
		p.noteRespelled(w, m)
		delete(p.memory, t) // seen by now, or undone by another client
	}
}

// respelling is a number that Graph showed right after another one was written.
type respelling struct {
	sent  phone.Number
	shown phone.Reading
	times int
}

// respelledAfter is how often Graph must show the same other number right after the same
// write until that is taken for its way to write it, and corrected no more.
const respelledAfter = 2

// noteRespelled counts what Graph shows in place of a number that it acknowledged.
func (p *pass) noteRespelled(w *lastWrite, m *plan.Method) {
	c := p.claim(w.action.For)
	if c == nil || m == nil || w.action.Number.IsZero() || m.Number.Compare(w.action.Number) != phone.Different {
		return
	}
	r := respelling{sent: w.action.Number, shown: m.Number}
	if last, ok := p.respelled.Get(c.object.UID); ok && last.(respelling).sent == r.sent && last.(respelling).shown == r.shown {
		r.times = last.(respelling).times
	}
	r.times++
	p.respelled.Set(c.object.UID, r, 2*p.tenant.Spec.ResyncPeriodOrDefault()+time.Hour)
}

// heedRespelled takes what Graph makes of a number for the number.
func (p *pass) heedRespelled() {
	for _, c := range p.claims {
		m, known := p.method(c.Type), respelling{}
		if last, ok := p.respelled.Get(c.object.UID); ok {
			known = last.(respelling)
		}
		if m != nil && c.Holder && known.times >= respelledAfter && known.sent == c.Number && known.shown == m.Number {
			m.Number, c.respelled = phone.Read(c.Number.Graph()), true
			p.respelled.Set(c.object.UID, known, 2*p.tenant.Spec.ResyncPeriodOrDefault()+time.Hour)
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
