package audits

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
)

const (
	// overlap is how far each read goes back behind the one before: a record may show that
	// much after what it is about. Microsoft named 5 minutes for 99 of 100 records, and
	// promises nothing. What is later still is left to the full pass.
	//
	// Source: https://learn.microsoft.com/entra/identity/monitoring-health/reference-log-latency
	overlap = time.Hour
	// reach is how far back a read goes at most, after a time without one.
	reach = 24 * time.Hour
	// readLag is how old a record must be before its user is read: Graph's reads may be behind a
	// change by half of that. A younger one is told by the next read of the log.
	readLag = time.Minute
	// ownWrite is how much later than the operator knew of its own write the record may say that it
	// was: clocks are compared by the second.
	ownWrite = 5 * time.Second
)

// Log is how far the audit log of a tenant was read. It is a value; the zero value was never
// read.
type Log struct {
	position time.Time // Graph's clock when the last read that came to its end began
	told     map[string]time.Time
	since    time.Time     // of the read that is under way; zero: none is
	next     string        // its next page
	began    time.Time     // Graph's clock when it began; zero before the first page
	ahead    time.Duration // how far our clock is ahead of Graph's, as of the last answer
	gap      bool          // the read that is under way begins after what was read before
	whole    time.Time     // since when, by our clock, no record was passed by; zero: no read came to its end
}

// Resume returns a log that was read up to a position before a restart; zero is none.
func Resume(position time.Time) Log { return Log{position: position} }

// Position returns up to when the log was read, by Graph's clock; zero before the first read
// came to its end. Late records of the time before may still follow.
func (l Log) Position() time.Time { return l.position }

// IsReading reports whether a read is under way, of which there are further pages.
func (l Log) IsReading() bool { return l.next != "" }

// WholeSince returns the time, by our clock, since which each change is told, but for records that
// are later than overlap; zero before the first read came to its end.
func (l Log) WholeSince() time.Time { return l.whole }

// Ask returns what to ask the log for: records since a time, and which page of them. Heard or
// Failed tells how it went.
func (l Log) Ask(now time.Time) (_ Log, since time.Time, next string) {
	if l.since.IsZero() {
		graph := now.Add(-l.ahead)
		from := graph
		if !l.position.IsZero() && l.position.Before(graph) {
			from = l.position
		}
		l.since = from.Add(-overlap)
		if earliest := graph.Add(-reach); l.since.Before(earliest) {
			l.since = earliest
		}
		l.gap = l.since.After(l.position)
	}
	return l, l.since, l.next
}

// Failed ends the read that is under way: the next one begins anew where it began.
func (l Log) Failed() Log {
	l.since, l.next, l.began = time.Time{}, "", time.Time{}
	return l
}

// Heard takes down a page and returns the object ids of the users to read, sorted: those of its
// records that were not told before, that may have changed a phone, and that do not name own,
// the client id of the operator itself, as who did it. Of the last minute nobody is told yet.
//
// read tells when a user was read or written last, by our clock; zero: never. A change by an
// application that is the operator's, or that the record does not name, is the operator's own if
// it was known then: another process may use the same credential, and a write may land late.
func (l Log) Heard(page graph.Page[graph.AuditRecord], own string, read func(user string) time.Time, now time.Time) (_ Log, users []string) {
	l.told = maps.Clone(l.told)
	if l.told == nil {
		l.told = map[string]time.Time{}
	}
	if !page.Now.IsZero() {
		l.ahead = now.Sub(page.Now)
	}
	settled := now.Add(-l.ahead - readLag)
	var latest time.Time
	for _, r := range page.Rows {
		if r.At.After(latest) {
			latest = r.At
		}
		if !isNews(r) || r.At.After(settled) {
			continue
		}
		id := keyOf(r)
		if _, known := l.told[id]; known {
			continue
		}
		l.told[id] = r.At
		if r.At.IsZero() {
			l.told[id] = settled
		}
		for _, u := range r.Users {
			if !r.ByApp || r.App != "" && r.App != own || read(u).Add(ownWrite).Before(r.At.Add(l.ahead)) {
				users = append(users, u)
			}
		}
	}
	slices.Sort(users)
	if l.began.IsZero() {
		l.began = clockOf(page.Now, latest, now)
	}
	if l.next = page.Next; l.next == "" {
		l = l.ended(now)
	}
	return l, slices.Compact(users)
}

// clockOf returns what Graph's clock was at an answer. An answer that does not say is as old as
// its latest record. One that is far ahead of our own clock is not believed: what happens until
// then would be missed.
func clockOf(said, latest, now time.Time) time.Time {
	if said.IsZero() {
		said = latest
	}
	if limit := now.Add(overlap); said.After(limit) {
		return limit
	}
	return said
}

// ended moves the position, and forgets what no further read can show again.
func (l Log) ended(now time.Time) Log {
	if l.gap || l.whole.IsZero() {
		l.whole = now
	}
	if l.began.After(l.position) {
		l.position = l.began
	}
	from := l.position.Add(-overlap)
	maps.DeleteFunc(l.told, func(_ string, at time.Time) bool { return at.Before(from) })
	l.since, l.began = time.Time{}, time.Time{}
	return l
}

// idle are the activities after which no phone is another one.
//
// Source: https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities
var idle = []string{
	"User registered all required security info", "User reviewed security info",
	"User started security info registration", "User canceled security info registration",
	"Get passkey creation options",
}

// isNews reports whether a record may be of a phone that was changed.
func isNews(r graph.AuditRecord) bool {
	return !r.Failed && len(r.Users) > 0 && !slices.ContainsFunc(idle, func(a string) bool { return strings.EqualFold(a, r.Activity) })
}

// keyOf tells records apart, also those without an id.
func keyOf(r graph.AuditRecord) string {
	return cmp.Or(r.ID, r.At.String()+r.Activity+strings.Join(r.Users, " "))
}
