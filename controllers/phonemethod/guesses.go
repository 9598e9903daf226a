package phonemethod

import (
	"maps"
	"time"

	"github.com/entraops/phone-operator/internal/metrics"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/user"
)

// Whoever may edit a resource can learn a user's number by trying one after the other
// until a phone is adopted. A few edits are a person who corrects a mistake; after that
// each further number that is not the user's delays the next comparison more and more,
// for all resources of that user in that namespace.

const (
	freeGuesses     = 5
	firstGuessDelay = time.Minute
	lastGuessDelay  = 24 * time.Hour
	guessesKept     = 7 * 24 * time.Hour
)

// suspicion is what was tried for one user from one namespace.
type suspicion struct {
	count int
	tried map[guess]bool // the latest: to compare them again tells nothing new
	until time.Time      // no other number is compared before
}

type guess struct {
	phone.Type
	phone.Number
}

// triedKept bounds how many numbers are remembered; the count goes on.
const triedKept = 64

type suspect struct {
	user.Key
	namespace string
}

func (m *memory) suspicionOf(key user.Key, c resource) suspicion {
	s, _ := m.suspected.Get(suspect{key, c.object.Namespace})
	return s
}

// blind keeps resources from comparing whose namespace has tried too many numbers, and returns
// when the next one may. What a holder had in sync before is no new number.
func blind(s snapshot, suspicionOf func(user.Key, resource) suspicion) (snapshot, outcome) {
	var o outcome
	return s.change(func(c resource) resource {
		own := c.Holder && !c.mayBeEdited() || c.Pending != "" && c.Pending == c.Number.Masked()
		if own || !c.Holder && c.Adopt == plan.AdoptNever {
			return c
		}
		tried := suspicionOf(s.key, c)
		if wait := tried.until.Sub(s.now); wait > 0 && !tried.tried[guess{c.Type, c.Number}] {
			c.Blind = true
			o = o.and(requeueAfter(wait))
		}
		return c
	}), o
}

// isWrongGuess reports whether a verdict tells that the resource's number is not the one that
// Graph shows, and no write comes of it by which the number would become what Graph shows.
func isWrongGuess(c resource, v plan.Verdict, observing bool) bool {
	if c.Blind || v.Method == nil || v.Method.Number.Compare(c.Number) != phone.Different {
		return false
	}
	switch v.Outcome { //nolint:exhaustive // what other verdicts say does not depend on the number
	case plan.AlreadyExists:
		return c.Adopt != plan.AdoptNever
	case plan.Denied: // of a claim that does not hold the phone, it is said of any number
		return v.Verb == plan.Update && v.Owns
	case plan.Rejected, plan.Privileged:
		return v.Verb == plan.Update
	case plan.Pending: // in mode Enforce it is written
		return v.Verb == plan.Update && observing
	case plan.DriftDetected:
		return c.mayBeEdited()
	}
	return false
}

// countGuesses remembers the numbers that were compared and are not the user's.
func (m *memory) countGuesses(s snapshot, decided plan.Plan) {
	for _, c := range s.resources {
		if !isWrongGuess(c, decided.Verdicts[c.Ref], s.isObserving()) {
			continue
		}
		known := m.suspicionOf(s.key, c)
		if known.tried[guess{c.Type, c.Number}] {
			continue
		}
		m.suspected.Set(suspect{s.key, c.object.Namespace}, known.with(guess{c.Type, c.Number}, s.now), guessesKept)
		metrics.Guesses.WithLabelValues(s.tenant.Name).Inc()
	}
}

// with returns the suspicion after one more guess.
func (s suspicion) with(g guess, now time.Time) suspicion {
	tried := map[guess]bool{g: true}
	if len(s.tried) < triedKept {
		maps.Copy(tried, s.tried)
	}
	s.tried = tried
	s.count++
	if over := s.count - freeGuesses; over >= 0 {
		s.until = now.Add(min(firstGuessDelay<<min(over, 16), lastGuessDelay))
	}
	return s
}
