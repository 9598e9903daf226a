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
	// Overlap is how far each read goes back behind the one before: a record may show that
	// much after what it is about. Microsoft named 5 minutes for 99 of 100 records, and
	// promises nothing. What is later still is left to the full pass.
	//
	// Source: https://learn.microsoft.com/entra/identity/monitoring-health/reference-log-latency
	Overlap = time.Hour
	// Reach is how far back a read goes at most, after a time without one.
	Reach = 24 * time.Hour
	// ReadLag is how old a record must be before its user is read: Graph's reads may be behind a
	// change by half of that. A younger one is told by the next read of the log.
	ReadLag = time.Minute
)

// Log is how far the audit log of a tenant was read. It is a value; the zero value was never
// read.
type Log struct {
	position time.Time // Graph's clock when the last read that came to its end began
	told     map[string]time.Time
	since    time.Time // of the read that is under way; zero: none is
	next     string    // its next page
	began    time.Time // Graph's clock when it began; zero before the first page
}

// Resume returns a log that was read up to a position before a restart; zero is none.
func Resume(position time.Time) Log { return Log{position: position} }

// Position returns up to when the log was read, by Graph's clock; zero before the first read
// came to its end. Late records of the time before may still follow.
func (l Log) Position() time.Time { return l.position }

// IsReading reports whether a read is under way, of which there are further pages.
func (l Log) IsReading() bool { return l.next != "" }

// Ask returns what to ask the log for: records since a time, and which page of them. Heard or
// Failed tells how it went.
func (l Log) Ask(now time.Time) (_ Log, since time.Time, next string) {
	if l.since.IsZero() {
		from := now
		if !l.position.IsZero() {
			from = l.position
		}
		l.since = from.Add(-Overlap)
		if earliest := now.Add(-Reach); l.since.Before(earliest) {
			l.since = earliest
		}
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
func (l Log) Heard(page graph.Page[graph.AuditRecord], own string, now time.Time) (_ Log, users []string) {
	l.told = maps.Clone(l.told)
	if l.told == nil {
		l.told = map[string]time.Time{}
	}
	settled := cmp.Or(page.Now, now).Add(-ReadLag)
	var latest time.Time
	for _, r := range page.Rows {
		if r.At.After(latest) {
			latest = r.At
		}
		if !isNews(r, own) || r.At.After(settled) {
			continue
		}
		id := keyOf(r)
		if _, known := l.told[id]; known {
			continue
		}
		l.told[id] = r.At
		users = append(users, r.Users...)
	}
	slices.Sort(users)
	if l.began.IsZero() {
		l.began = clockOf(page.Now, latest, now)
	}
	if l.next = page.Next; l.next == "" {
		l = l.ended()
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
	if limit := now.Add(Overlap); said.After(limit) {
		return limit
	}
	return said
}

// ended moves the position, and forgets what no further read can show again.
func (l Log) ended() Log {
	if l.began.After(l.position) {
		l.position = l.began
	}
	from := l.position.Add(-Overlap)
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

// isNews reports whether a record may be of a phone that somebody else changed.
func isNews(r graph.AuditRecord, own string) bool {
	byUs := own != "" && r.App == own
	return !r.Failed && !byUs && len(r.Users) > 0 && !slices.ContainsFunc(idle, func(a string) bool { return strings.EqualFold(a, r.Activity) })
}

// keyOf tells records apart, also those without an id.
func keyOf(r graph.AuditRecord) string {
	return cmp.Or(r.ID, r.At.String()+r.Activity+strings.Join(r.Users, " "))
}
