package plan

// owns says whether the method in Graph is the claim's: it was recorded so, or
// the claim began to create just this number and the record was lost.
func (s *slot) owns(c Claim) bool {
	return c.Holder || c.Creating != "" && s.method != nil && s.method.Number.Masked() == c.Creating
}

func holder(c Claim) bool { return c.Holder }

// winner returns the claim that has the phone type among those that stay: who
// holds it, else the oldest that may act. Who is not permitted holds nothing
// against a rival that is, or an old resource could squat on a user for ever.
func (s *slot) winner() (Claim, bool) {
	for _, owns := range []func(Claim) bool{holder, s.owns} { // a record outweighs a note
		for _, c := range s.claims {
			if !c.Leaving && owns(c) && c.Barred != NotPermitted {
				return c, true
			}
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
