package controllers

import (
	"time"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
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
	UserKey
	namespace string
}

func (p *pass) suspicionOf(c *claim) suspicion {
	if s, ok := p.suspicions.Get(suspect{p.key, c.object.Namespace}); ok {
		return s.(suspicion)
	}
	return suspicion{}
}

// guesses reports whether a claim is told if its number is the one that Graph shows, and
// no more comes of it. What takes over whatever is there says so by a write, but in mode
// Observe.
func (p *pass) guesses(c *claim) bool {
	return c.Adopt == plan.AdoptIfNumberMatches || c.Adopt == plan.AdoptAlways && p.observing()
}

// blind keeps claims from comparing whose namespace has tried too many numbers.
func (p *pass) blind() {
	for _, c := range p.claims {
		if c.Holder || !p.guesses(c) {
			continue
		}
		s := p.suspicionOf(c)
		if wait := s.until.Sub(p.now); wait > 0 && !s.tried[guess{c.Type, c.Number}] {
			c.Blind = true
			p.lookAgain(wait)
		}
	}
}

// countGuesses counts the numbers that were compared and are not the user's.
func (p *pass) countGuesses(decided plan.Plan) {
	for _, c := range p.claims {
		v := decided.Verdicts[c.Ref]
		takesOver := v.Outcome == plan.Pending && v.Verb == plan.Update && !v.Holds
		if c.Blind || !p.guesses(c) || v.Outcome != plan.AlreadyExists && !takesOver ||
			v.Method == nil || v.Method.Number.Compare(c.Number) != phone.Different {
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
