package controllers

import (
	"time"

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

func (p *pass) suspicionOf(c *claim) suspicion {
	if s, ok := p.suspicions.Get(suspect{p.key, c.object.Namespace}); ok {
		return s.(suspicion)
	}
	return suspicion{}
}

// blind keeps claims from comparing whose namespace has tried too many numbers. What a
// holder had in sync before is no new number.
func (p *pass) blind() {
	for _, c := range p.claims {
		own := c.Holder && !c.mayBeEdited() || c.Creating != "" && c.Creating == c.Number.Masked()
		if own || !c.Holder && c.Adopt == plan.AdoptNever {
			continue
		}
		s := p.suspicionOf(c)
		if wait := s.until.Sub(p.now); wait > 0 && !s.tried[guess{c.Type, c.Number}] {
			c.Blind = true
			p.lookAgain(wait)
		}
	}
}

// edited reports whether the claim's number is another than the one last in sync. Where that
// is not known any more but for its mask, a new spec is enough.
func (c *claim) edited() bool {
	if c.Last != c.Number.Masked() {
		return true
	}
	if c.Was.IsZero() {
		return c.Edited
	}
	return c.Was != c.Number
}

// mayBeEdited adds to that a number which comes from a Secret, as long as nothing but the mask
// of the last one is known: no spec tells an edit of it.
func (c *claim) mayBeEdited() bool {
	return c.edited() || c.Was.IsZero() && c.object.Spec.PhoneNumberFrom != nil
}

// tells reports whether a verdict tells that the claim's number is not the one that Graph
// shows, and no write comes of it by which the number would become what Graph shows.
func (p *pass) tells(c *claim, v plan.Verdict) bool {
	if c.Blind || v.Method == nil || v.Method.Number.Compare(c.Number) != phone.Different {
		return false
	}
	switch v.Outcome { //nolint:exhaustive // what other verdicts say does not depend on the number
	case plan.AlreadyExists:
		return c.Adopt != plan.AdoptNever
	case plan.Denied: // of a claim that does not hold the phone, it is said of any number
		return v.Verb == plan.Update && v.Holds
	case plan.Rejected, plan.Privileged:
		return v.Verb == plan.Update
	case plan.Pending: // in mode Enforce it is written
		return v.Verb == plan.Update && p.observing()
	case plan.DriftDetected:
		return c.mayBeEdited()
	}
	return false
}

// countGuesses counts the numbers that were compared and are not the user's.
func (p *pass) countGuesses(decided plan.Plan) {
	for _, c := range p.claims {
		if !p.tells(c, decided.Verdicts[c.Ref]) {
			continue
		}
		s := p.suspicionOf(c)
		if s.tried[guess{c.Type, c.Number}] {
			continue
		}
		if s.tried == nil || len(s.tried) >= triedKept {
			s.tried = map[guess]bool{}
		}
		s.count++
		s.tried[guess{c.Type, c.Number}] = true
		guessed.WithLabelValues(p.tenant.Name).Inc()
		if over := s.count - freeGuesses; over >= 0 {
			s.until = p.now.Add(min(firstGuessDelay<<min(over, 16), lastGuessDelay))
		}
		p.suspicions.Set(suspect{p.key, c.object.Namespace}, s, guessesKept)
	}
}
