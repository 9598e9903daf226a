package plan

import (
	"cmp"
	"slices"
)

// owns says whether the method in Graph is the claim's: it was recorded so, or
// the claim is its maker.
func (s *slot) owns(c Claim) bool { return c.Holder || s.maker == c.Ref }

// setMaker finds the claim that began to create just the number that Graph shows
// and whose record was lost. A record of somebody else outweighs that, for what was
// begun may have come to nothing; unless it is of one that is not permitted, beside
// which a rival may create. Of several that began, it is the one that could go on.
func (s *slot) setMaker() {
	began := slices.DeleteFunc(slices.Clone(s.claims), func(c Claim) bool {
		return !begun(c) || s.method == nil || s.method.Number.Masked() != c.Creating
	})
	if len(began) == 0 || slices.ContainsFunc(s.claims, func(c Claim) bool { return c.Holder && c.Barred != NotPermitted }) {
		return
	}
	s.maker = slices.MinFunc(began, func(a, b Claim) int { return cmp.Compare(standing(a), standing(b)) }).Ref
}

// standing orders claims that began to create one method: who may act, who keeps
// what it holds, who takes it along, who holds nothing against others.
func standing(c Claim) int {
	switch {
	case c.Barred == NotPermitted || c.Leaving && leavesBehind(c):
		return 3
	case c.Leaving:
		return 2
	case c.Suspended || c.Barred != NotBarred:
		return 1
	}
	return 0
}

// begun says whether the claim began a create of which no more is known.
func begun(c Claim) bool { return !c.Holder && c.Creating != "" }

// winner returns the claim that has the phone type among those that stay: who
// holds it, else the oldest that may act. Who is not permitted holds nothing
// against a rival that is, or an old resource could squat on a user for ever.
func (s *slot) winner() (Claim, bool) {
	for _, c := range s.claims {
		if !c.Leaving && s.owns(c) && c.Barred != NotPermitted {
			return c, true
		}
	}
	for _, c := range s.claims {
		if !c.Leaving && !c.Suspended && c.Barred == NotBarred {
			return c, true
		}
	}
	return Claim{}, false
}

// heir returns the winner if it takes over what a leaving holder would have
// deleted: Graph then never is without the number, and nothing is deleted.
func (s *slot) heir() (Claim, bool) {
	w, ok := s.winner()
	if !ok || !s.same(w) && (w.Denied.Has(Update) || w.Refused.Has(Update)) {
		return Claim{}, false
	}
	return w, true
}
