package journal

import (
	"slices"
	"time"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// Result is what Graph answered to a write.
type Result int

// The results. Until a read shows otherwise, none is more than an answer.
const (
	// Acknowledged: Graph says that the write is done.
	Acknowledged Result = iota
	// Unclear: no answer, or none that tells. The write may be done, or be done later.
	Unclear
	// NumberNotUnique: an error that Graph gives for numbers which it saves all the same, as a rule.
	NumberNotUnique
	// NotFound: there was nothing to delete, or not everywhere.
	NotFound
	// Refused: not done. The reason may be a write of ours that has not reached all of Graph.
	Refused
	// InvalidNumber: refused for the number. Asked again, it is the same.
	InvalidNumber
	// Restricted: refused for the user. Asked again, it is the same.
	Restricted
)

// isRefusal reports whether Graph did not do a write, and said so of the write itself.
func (r Result) isRefusal() bool { return r == Refused || r == InvalidNumber || r == Restricted }

// isOpen reports whether the write may be done although Graph did not say so.
func (r Result) isOpen() bool { return r == Unclear || r == NumberNotUnique }

// Entry is one write whose effect no read has confirmed yet.
type Entry struct {
	Action        plan.Action
	Before, After *plan.Method // what Graph had, and has if the write is done; nil: no such method
	At            time.Time
	Result        Result
	// Unread: Graph was not read before the write, a create. Before is nil for that.
	Unread bool
	// Resource is the UID of the resource that the write was for: another one may have its Ref by now.
	Resource string
	// RequestID is the id of a write that was not acknowledged, for the audit line if it was
	// done all the same.
	RequestID string
	// Request names what the resource asked for at the time. A refusal stands for that alone.
	Request string
	// Lost is an answer that means nothing, for not the service gave it that knows: "HTTP 404
	// UnknownError". It is empty for all others.
	Lost string

	// earlier are what Graph had before earlier writes that no read had confirmed when this
	// one was made: a read may lag behind them too.
	earlier []*plan.Method
	// under is the acknowledged write that came right before refused ones; nil is none. It counts
	// again when those are forgotten.
	under *Entry
	// only says of an Unclear create that there was no other create which might still land.
	only bool
	// ambiguous: the read that was last shows what the write was to bring about, and may be as
	// old as an earlier write.
	ambiguous bool
	// lostSince is since when such answers were the only ones to this write.
	lostSince time.Time
	// unanswered counts how often in a row the answer to this write was Unclear.
	unanswered int
	// expired: the write can neither land nor come to be shown any more. What shows is another
	// client's, and only the count is left of it.
	expired bool
	// refusals counts how often in a row Graph refused this write, or had nothing to delete.
	refusals int
	// doubtful says of a create that Graph refused that an earlier one may be why: its answer was
	// lost, and no read has shown yet what became of it.
	doubtful bool
}

// isSame reports whether an entry is of the same write: verb, number and resource.
func (e Entry) isSame(o Entry) bool {
	a, b := e.Action, o.Action
	return a.Verb == b.Verb && a.Number == b.Number && a.For == b.For
}

// isProbablySaved reports whether the answer was an error, and the number is there all the same, as
// a rule. Sent again before reads must show it, the write tells nothing new.
func (e Entry) isProbablySaved() bool {
	return e.doubtful || e.Result == NumberNotUnique && !e.Action.Number.IsZero()
}

// isRejected reports whether the refusal of the write is believed.
func (e Entry) isRejected() bool { return e.Result.isRefusal() && e.refusals >= refusalsToBelieve }

// shown reports whether m, nil for none, is what the write was to bring about.
func (e Entry) shown(m *plan.Method) bool {
	switch e.Action.Verb {
	case plan.Delete:
		return m == nil
	case plan.Create, plan.Update:
		return m != nil && m.Number.Compare(e.Action.Number) == phone.Equal
	case plan.EnableSMS:
		return m != nil && m.SMS == phone.Ready
	case plan.DisableSMS:
		return m != nil && m.SMS != phone.Ready
	case plan.None:
	}
	return true
}

// masked reports whether the write was acknowledged and m hides the number that was written:
// that Graph took it is enough.
func (e Entry) masked(m *plan.Method) bool {
	return e.Result == Acknowledged && m != nil && e.After != nil && !e.Action.Number.IsZero() &&
		m.Number.Compare(e.Action.Number) == phone.Unknown
}

// mayLag reports whether m is what Graph had before the write, or before those that came right
// before it, so that a read which shows it may be late. Anything else another client wrote.
func (e Entry) mayLag(m *plan.Method) bool { return contains(e.history(), m) }

// mayPredate reports whether m is what Graph had before earlier writes, but not right before
// this one.
func (e Entry) mayPredate(m *plan.Method) bool {
	return contains(e.earlier, m) && !contains([]*plan.Method{e.Before}, m)
}

// history returns all that a read which lags behind the write may show.
func (e Entry) history() []*plan.Method {
	if contains(e.earlier, e.Before) {
		return e.earlier
	}
	return append(slices.Clone(e.earlier), e.Before)
}

// contains reports whether m may be one of the methods. A number that a read hid may be any.
func contains(methods []*plan.Method, m *plan.Method) bool {
	return slices.ContainsFunc(methods, func(was *plan.Method) bool {
		switch {
		case m == nil || was == nil:
			return m == nil && was == nil
		case was.Number == phone.Reading{} && m.Number != phone.Reading{}:
			return true
		}
		return m.Number == was.Number && m.SMS == was.SMS
	})
}

// hold is how long no other write of the phone type may be made.
func (e Entry) hold(now time.Time) time.Duration {
	d := unclearWriteHold
	switch {
	case e.isProbablySaved():
		d = GraphReadLag
	case e.isRejected():
		return 0
	case e.Result.isRefusal():
		d = refusalRecheck
	case e.ambiguous:
		d = GraphReadLag
	case e.Result == NotFound: // and the list shows it: longer and longer
		d = min(unclearWriteHold<<min(max(e.refusals-1, 0), 10), deletionRetry)
	case e.Result == Unclear:
		d = min(unclearWriteHold<<min(max(e.unanswered-1, 0), 10), unclearWriteHoldMax)
	}
	return e.At.Add(d).Sub(now)
}
