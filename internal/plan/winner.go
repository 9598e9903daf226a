package plan

import "slices"

// owns says whether the method in Graph is the claim's: it was recorded so, or
// the claim began to create just this number and the record was lost. A record of
// somebody else outweighs that: what was begun may have come to nothing.
func (s *slot) owns(c Claim) bool {
	return c.Holder || begun(c) && s.method != nil && s.method.Number.Masked() == c.Creating && !slices.ContainsFunc(s.claims, holder)
}

func holder(c Claim) bool { return c.Holder }

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
	if !ok || s.method == nil || w.Suspended || w.Barred != NotBarred {
		return Claim{}, false
	}
	if !s.same(w) && (w.Denied.Has(Update) || w.Refused.Has(Update)) {
		return Claim{}, false
	}
	return w, true
}
