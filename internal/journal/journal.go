package journal

import (
	"maps"
	"slices"
	"time"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

const (
	// GraphReadLag bounds how long reads may lag behind a write that Graph acknowledged.
	// Graph promises nothing; those who wait in production wait 5 to 30 seconds.
	GraphReadLag = 30 * time.Second
	// WriteDeadline bounds how long Graph may yet carry out a write whose answer was lost. The
	// caller may be gone; Graph goes on until its own limit, and what lands then lands over
	// anything newer. No request to Graph may wait longer.
	WriteDeadline = 65 * time.Second

	// unclearWriteHold is how long a phone type is left alone after a write of unknown outcome,
	// before the write is made again if it did nothing. It doubles with each such answer in a
	// row up to unclearWriteHoldMax, and begins anew when the resource asks for something else.
	// Most such writes did nothing, so the next one is not put off until reads must show it: of a
	// phone type Graph has one phone, whatever is sent twice.
	unclearWriteHold    = 5 * time.Second
	unclearWriteHoldMax = 5 * time.Minute
	// unansweredToTell is how often in a row the answer to a write must be Unclear before its
	// resource says so.
	unansweredToTell = 3
	// refusalRecheck is the same for a write that Graph refused.
	refusalRecheck = 3 * time.Second
	// refusalsToBelieve is how often in a row Graph must refuse a write before it is believed.
	refusalsToBelieve = 2
	// deletionRetry is when a refused deletion is tried again: most wait for the user to choose
	// another default method.
	deletionRetry = 10 * time.Minute
	// lostToTell is how long a write is answered in words that mean nothing before its resource
	// says so: a route that is lost for a moment is no news.
	lostToTell = 3 * time.Minute
)

// Journal lists the writes to one user's phones that no read has confirmed. It is a value: a
// copy does not change with the original. Losing it costs no correctness. New makes one that
// knows nothing of what was before, and takes it for just begun.
type Journal struct {
	since   time.Time
	resync  time.Duration
	entries []Entry // the last write of each phone type, oldest first
	// deadline is when nothing is left to land of the writes whose answers were lost; creates
	// is the same of creates alone, by phone type.
	deadline time.Time
	creates  map[phone.Type]time.Time
	// landings are the writes of unknown outcome that may yet be done, over a newer one too, oldest first.
	landings []Entry
	// recorded is what status tells of phones that an operator before this one may have written.
	recorded []Recorded
}

// New returns an empty journal that begins at a time. A write of an operator before may land
// for WriteDeadline after that, and come to be shown for GraphReadLag.
func New(since time.Time) Journal { return Journal{since: since} }

// Since is when the journal began.
func (j Journal) Since() time.Time { return j.since }

// Begin opens the journal for one reconcile. A refusal is forgotten if its resource asks for
// something else since; requests names what each asks for, by the Ref of its claim. What Graph
// refused is tried again after resync.
func (j *Journal) Begin(resync time.Duration, claims []plan.Claim, requests map[string]string) {
	j.resync = resync
	for _, e := range slices.Clone(j.entries) {
		i := slices.IndexFunc(claims, func(c plan.Claim) bool { return c.Ref == e.Action.For })
		if e.Result == Unclear && (i < 0 || requests[e.Action.For] != e.Request) {
			e.unanswered = min(e.unanswered, 1)
			j.update(e)
		}
		if !e.Result.isRefusal() || i >= 0 && requests[e.Action.For] == e.Request &&
			(e.Action.Number.IsZero() || e.Action.Number == claims[i].Number) {
			continue
		}
		if j.forget(e.Action.Type); e.under != nil {
			j.entries = append(j.entries, *e.under) // which reads may still lag behind
		}
	}
}

// Record enters a write with Graph's answer. It takes the place of the last write of the phone
// type.
func (j *Journal) Record(e Entry) {
	t := e.Action.Type
	if last, ok := j.last(t); ok {
		e.earlier, e.under = last.history(), last.under
		if last.Result == Acknowledged {
			last.under = nil
			e.under = &last
		}
		if last.Result != Acknowledged && last.isSame(e) {
			e.refusals, e.lostSince, e.unanswered = last.refusals, last.lostSince, last.unanswered
		}
	}
	switch {
	case e.Lost == "":
		e.lostSince = time.Time{}
	case e.lostSince.IsZero():
		e.lostSince = e.At
	}
	switch e.Result {
	case Acknowledged:
		e.refusals, e.under = 0, nil
		if until := j.since.Add(WriteDeadline); e.Action.Verb == plan.Update && until.After(e.At) {
			j.ExpectPredecessor() // which may have sent an update too
		}
	case Unclear:
		e.unanswered++
		until := e.At.Add(WriteDeadline)
		j.deadline = until // which is the last
		j.landings = append(slices.Clone(j.landings), e)
		if e.Action.Verb == plan.Create {
			e.only = e.At.After(j.unknownUntil(t))
			j.expectCreate(t, until)
		}
	case InvalidNumber, Restricted:
		e.refusals = refusalsToBelieve
	case NotFound:
		e.refusals++
	case Refused, NumberNotUnique:
		if e.refusals++; e.refusals >= refusalsToBelieve {
			e.Result = Refused
		}
		e.doubtful = e.Result == Refused && e.Action.Verb == plan.Create && j.creates[t].Add(GraphReadLag).After(e.At)
	}
	j.replace(t, e)
}

// unknownUntil is until when a phone may come to be shown that no write in the journal accounts
// for: one that an operator before made, or a create whose answer was lost.
func (j Journal) unknownUntil(t phone.Type) time.Time {
	return later(j.since, j.creates[t]).Add(GraphReadLag)
}

// Retention is how long the journal must be kept: while any of it can matter, and twice that,
// for the reconcile that it is kept for may be late. Zero: nothing is left in it.
func (j Journal) Retention(now time.Time) time.Duration {
	var keep time.Duration
	for _, e := range j.entries {
		if e.Result == Acknowledged {
			keep = max(keep, GraphReadLag)
		} else {
			keep = max(keep, unclearWriteHold, j.retryAfter(e))
		}
	}
	for _, until := range append(slices.Collect(maps.Values(j.creates)), j.deadline) {
		keep = max(keep, until.Add(GraphReadLag).Sub(now))
	}
	return 2 * keep
}

// retryAfter is how long a refusal stands.
func (j Journal) retryAfter(e Entry) time.Duration {
	if e.Action.Verb == plan.Delete && e.Result != Restricted {
		return deletionRetry
	}
	return j.resync
}

// IsEmpty reports whether the journal knows of nothing that was written, or that may yet land.
func (j Journal) IsEmpty(now time.Time) bool {
	for _, until := range j.creates {
		if until.After(now) {
			return false
		}
	}
	return len(j.entries) == 0 && j.UntilLanded(now) == 0
}

// Unsettled reports whether the last write of a phone type may yet turn out to be done or not.
func (j Journal) Unsettled(t phone.Type) bool {
	e, ok := j.last(t)
	return ok && !e.expired
}

// Unanswered reports whether the answer to a claim's write was Unclear so often in a row that it
// is to be told, and Graph's id of the last request.
func (j Journal) Unanswered(c plan.Claim) (requestID string, often bool) {
	e, ok := j.last(c.Type)
	if !ok || e.Action.For != c.Ref || e.Result != Unclear || e.unanswered < unansweredToTell {
		return "", false
	}
	return e.RequestID, true
}

// Lost returns the write for a claim that is answered in words that mean nothing for long
// enough to tell, and that answer; empty where none is.
func (j Journal) Lost(c plan.Claim, now time.Time) (plan.Verb, string) {
	e, ok := j.last(c.Type)
	if !ok || e.Action.For != c.Ref || e.lostSince.IsZero() || now.Sub(e.lostSince) < lostToTell {
		return plan.None, ""
	}
	return e.Action.Verb, e.Lost
}

func (j Journal) last(t phone.Type) (Entry, bool) {
	i := slices.IndexFunc(j.entries, func(e Entry) bool { return e.Action.Type == t })
	if i < 0 {
		return Entry{}, false
	}
	return j.entries[i], true
}

func (j *Journal) forget(t phone.Type) {
	j.entries = slices.DeleteFunc(slices.Clone(j.entries), func(e Entry) bool { return e.Action.Type == t })
}

func (j *Journal) replace(t phone.Type, e Entry) {
	j.forget(t)
	j.entries = append(j.entries, e)
}

// isDeleted reports whether the last write of the phone type is a deletion that was done since.
func (j Journal) isDeleted(t phone.Type, since time.Time) bool {
	e, ok := j.last(t)
	return ok && e.Action.Verb == plan.Delete && e.Result == Acknowledged && !e.At.Before(since)
}

// sooner returns the shorter of two waits, of which zero is none. None is under a second.
func sooner(wait, d time.Duration) time.Duration {
	if d = max(d, time.Second); wait == 0 || d < wait {
		return d
	}
	return wait
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
