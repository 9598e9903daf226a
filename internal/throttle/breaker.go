package throttle

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// breaker is the circuit breaker of a tenant. Whoever asks a Graph that does not answer
// is held until the attempt is given up, and there are only so many workers. So the
// circuit opens after reconciles that came to nothing for want of an answer, for longer
// each time; then it is half-open, and one reconcile probes for all.
//
// The end of a reconcile counts, not that of a request: a read that was cut and answered
// at the second attempt, or a write that was found done by reading, is no loss.
// It is guarded by its Throttle.
type breaker struct {
	answered sequence // the last request when a reconcile came to its end
	counted  sequence // the last request when a reconcile was lost
	lost     int      // reconciles in a row, without those under way together

	openings int       // in a row; 0: closed
	until    time.Time // open up to here, half-open from here
	probe    sequence  // the admission of who probes the half-open circuit; 0: nobody does
	turns    stagger
}

const (
	// lossesToOpen reconciles in a row are lost to errors that come at once, as where a
	// connection is refused or cut, before the circuit opens: one cut connection takes
	// all with it that are under way on it, and counts once.
	lossesToOpen = 3
	// timedOut is for how long a reconcile has waited that was lost to a timeout. One is
	// enough: nothing else was answered in all that time.
	timedOut = 5 * time.Second

	// How long the circuit is open at first, and at most, before jitter.
	firstOpen   = time.Second
	longestOpen = time.Minute

	// duringProbe is how long to stay away while another reconcile probes.
	duringProbe = time.Second
	// probeApart is between those that come back: 50 a second.
	probeApart = 20 * time.Millisecond
)

// wait returns how long to stay away; 0 admits.
func (b *breaker) wait(now time.Time, p Priority) time.Duration {
	switch {
	case b.openings == 0:
		return 0
	case now.Before(b.until):
		return b.turns.next(now, b.until, p, probeApart, horizon)
	case b.probe != 0:
		return b.turns.next(now, now.Add(duringProbe), p, probeApart, horizon)
	}
	return 0
}

// ended is a reconcile that came to its end.
type ended struct {
	admitted sequence
	last     sent // its last request, or its admission
	asked    bool // it made requests
	err      error
}

// admit notes a reconcile that was admitted.
func (b *breaker) admit(at sequence) {
	if b.openings > 0 {
		b.probe = at
	}
}

// isProbe reports whether the reconcile with this admission probes for all.
func (b *breaker) isProbe(admitted sequence) bool { return b.probe != 0 && b.probe == admitted }

// reset closes the circuit.
func (b *breaker) reset(last sequence) { *b = breaker{answered: last} }

// done learns from a reconcile that ended. last is the last request of any.
func (b *breaker) done(now time.Time, e ended, last sequence) {
	switch {
	case b.openings > 0 && b.probe != e.admitted:
		// It was under way when the circuit opened: what it met is known.
	case unanswered(e.err):
		b.lose(now, e.last, last)
	case e.asked && !errors.Is(e.err, context.Canceled):
		b.answered, b.lost, b.openings = last, 0, 0
	}
	if b.probe == e.admitted {
		b.probe = 0
	}
}

// lose notes a reconcile that came to nothing for want of an answer. If another came to
// its end since its last request, Graph is there; if another was lost since, the two
// may have met the same.
func (b *breaker) lose(now time.Time, own sent, last sequence) {
	if own.sequence <= max(b.answered, b.counted) {
		return
	}
	b.counted = last
	if b.lost++; b.openings == 0 && b.lost < lossesToOpen && now.Sub(own.at) < timedOut {
		return
	}
	pause := min(firstOpen<<min(b.openings, 10), longestOpen)
	b.until = now.Add(pause + rand.N(pause/2))
	b.openings++
}

// unanswered reports whether an error says of itself that no answer came.
func unanswered(err error) bool {
	var e interface{ Unanswered() bool }
	return errors.As(err, &e) && e.Unanswered()
}
