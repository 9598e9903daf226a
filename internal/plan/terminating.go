package plan

import "github.com/entraops/phone-operator/internal/phone"

// endAll decides for the claims of one phone type whose resources are being
// deleted. Whatever a terminating claim does not own, may not delete or is told to leave
// behind, it leaves; what it would have deleted goes to an heir if there is one.
func (u *user) endAll(s *slot) {
	for _, c := range s.claims {
		if c.Terminating {
			u.say(c, u.terminating(s, c))
		}
	}
}

func (u *user) terminating(s *slot, c Claim) Verdict {
	v := Verdict{Outcome: Released, Verb: Delete, Owns: s.owns(c), Method: s.method}
	if leavesBehind(c) {
		return v
	}
	if c.Holds.Has(Unsettled) && (s.method == nil || c.HasPending()) {
		v.Outcome = Pending // what it made may not show yet, or not have come yet
	}
	if !s.owns(c) || s.method == nil {
		return v
	}
	if w, ok := s.winner(); ok && s.owns(w) {
		return v // the method is somebody's who stays
	}
	if w, ok := s.heir(); ok {
		s.inherited = true
		switch {
		case c.Holds.Has(ProtectedUser):
			v.Outcome = Privileged // nothing is handed over before that ends
		case s.same(w):
		default:
			v.Outcome = HandingOver
		}
		return v
	}
	reason, held := c.Holds.First(Delete)
	switch {
	case held && reason != OverBudget:
		v.Outcome = reason.outcome(Delete)
	case c.Type == phone.Mobile && u.slot(phone.AlternateMobile).there():
		v.Outcome = WaitingForAlternateMobile
	case held:
		v.Outcome = reason.outcome(Delete)
	default:
		v.Outcome = Pending
		if !s.goes {
			s.goes = true
			u.act(Action{Verb: Delete, Type: c.Type, For: c.Ref})
		}
	}
	return v
}
