package plan

import "slices"

// HoldReason is why a write is not made for a claim.
type HoldReason int

// The reasons, in the order in which they are told: the first that holds a verb decides.
const (
	// NotAllowed: the access rules do not allow it to this claim.
	NotAllowed HoldReason = iota
	// ProtectedUser: Entra protects the user. No phone of such a user is compared with a claim
	// that does not hold it.
	ProtectedUser
	// Unsettled: an earlier write of this phone type may or may not have worked.
	Unsettled
	// Refused: Graph refused it for this very content a short while ago.
	Refused
	// OverBudget: the tenant's deletions of this hour are spent.
	OverBudget
	holdReasons
)

// AllWrites is the set of all verbs that write.
var AllWrites = SetOf(Create, Update, Delete, EnableSMS, DisableSMS)

// Holds are the verbs that must not be written for a claim, by reason. The zero value holds none.
type Holds [holdReasons]Verbs

// With returns the holds with just these verbs held for one reason; none ends the hold.
func (h Holds) With(r HoldReason, verbs Verbs) Holds {
	h[r] = verbs
	return h
}

// Has reports whether anything is held for a reason.
func (h Holds) Has(r HoldReason) bool { return h[r] != 0 }

// First returns the first reason that holds a verb; false if none does.
func (h Holds) First(v Verb) (HoldReason, bool) {
	i := slices.IndexFunc(h[:], func(held Verbs) bool { return held.Has(v) })
	return HoldReason(i), i >= 0
}

// outcome is what is said of a claim for which a write is held.
func (r HoldReason) outcome(v Verb) Outcome {
	switch r {
	case NotAllowed:
		return Denied
	case ProtectedUser:
		return Privileged
	case Unsettled:
		return Pending
	case Refused:
		if v == Delete {
			return DeleteRefused
		}
		return Rejected
	case OverBudget:
		return BudgetExhausted
	case holdReasons:
	}
	return Pending
}
