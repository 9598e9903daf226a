package plan

import (
	"cmp"
	"slices"

	"github.com/entraops/phone-operator/internal/phone"
)

// setMaker finds the claim that began to create just the number that Graph shows
// and whose record was lost. A record of another claim outweighs that, for what was
// begun may have come to nothing. Of several that began, it is the one that could go on.
func (s *slot) setMaker() {
	began := slices.DeleteFunc(slices.Clone(s.claims), func(c Claim) bool {
		return s.method == nil || !c.MayHaveMade(*s.method)
	})
	if len(began) == 0 || slices.ContainsFunc(s.claims, func(c Claim) bool { return c.Holder }) {
		return
	}
	s.maker = slices.MinFunc(began, func(a, b Claim) int { return cmp.Compare(standing(a), standing(b)) }).Ref
}

// standing orders claims that began to create one method: who may act, who keeps
// what it holds, who takes it along, who holds nothing against others.
func standing(c Claim) int {
	switch {
	case c.Terminating && leavesBehind(c):
		return 3
	case c.Terminating:
		return 2
	case c.Suspended || c.Barred != NotBarred:
		return 1
	}
	return 0
}

// HasPending reports whether a write was begun for the claim of which no more is known.
func (c Claim) HasPending() bool { return !c.Holder && c.Pending != "" }

// MayHaveMade reports whether a method is what the claim began to create, as far as can be told from
// what was recorded of that. Where nobody had looked before, the phone may have been there for years: it is known by the
// whole number. Where that is not known, for the resource was edited or its Secret is gone before this operator saw it, the
// mask has to do for who may adopt: a number that was corrected must not stay in use because an operator was killed at the
// wrong moment.
func (c Claim) MayHaveMade(m Method) bool {
	number := c.PendingNumber
	if number.IsZero() && c.Number.Masked() == c.Pending {
		number = c.Number
	}
	switch {
	case !c.HasPending() || m.Number.Masked() != c.Pending:
		return false
	case !c.Unread:
		return true
	case number.IsZero():
		return c.Adopt != AdoptNever
	}
	return m.Number.Compare(number) == phone.Equal || m.Number.DiffersOnlyInTrunkZero(number)
}

// winner returns the claim that has the phone type among those that stay: who
// holds it, else the oldest that may act.
func (s *slot) winner() (Claim, bool) {
	for _, c := range s.claims {
		if !c.Terminating && s.owns(c) {
			return c, true
		}
	}
	for _, c := range s.claims {
		if !c.Terminating && !c.Suspended && c.Barred == NotBarred {
			return c, true
		}
	}
	return Claim{}, false
}

// heir returns the winner if it takes over what a leaving holder would have
// deleted: Graph then never is without the number, and nothing is deleted.
func (s *slot) heir() (Claim, bool) {
	w, ok := s.winner()
	if !ok || s.compare(w) == phone.Different && (w.Holds[NotAllowed].Has(Update) || w.Holds[Refused].Has(Update)) {
		return Claim{}, false
	}
	return w, true
}

// Adopts reports whether a claim may come to hold a phone that it has no record of: only
// for such a claim a phone is compared that may be another's.
func Adopts(claims []Claim) bool {
	for _, t := range phone.Types() {
		s := slot{}
		for _, c := range slices.SortedFunc(slices.Values(claims), older) {
			if c.Type == t {
				s.claims = append(s.claims, c)
			}
		}
		if w, ok := s.winner(); ok && !w.Holder && !w.Suspended && w.Barred == NotBarred {
			return true
		}
	}
	return false
}
