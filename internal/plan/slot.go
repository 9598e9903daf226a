package plan

import (
	"cmp"
	"slices"

	"github.com/entraops/phone-operator/internal/phone"
)

// user is one user while the plan is made.
type user struct {
	slots [3]slot
	plan  Plan
}

// slot is one phone type of the user: who wants it and what is there.
type slot struct {
	claims []Claim // oldest first
	method *Method // nil: Graph shows none
	maker  string  // Ref of the claim that made method without a record of it, "" if none did
	goes   bool    // a Delete of method is in the plan
	comes  bool    // a Create is in the plan
	// inherited: the winner takes over what a leaving holder would have deleted.
	inherited bool
}

func (u *user) slot(t phone.Type) *slot {
	i := slices.Index(phone.Types(), t)
	if i < 0 {
		return nil
	}
	return &u.slots[i]
}

// there reports whether the phone type is in Graph once the plan so far is done.
func (s *slot) there() bool { return s.comes || s.method != nil && !s.goes }

func (u *user) act(a Action) { u.plan.Actions = append(u.plan.Actions, a) }

func (u *user) say(c Claim, v Verdict) { u.plan.Verdicts[c.Ref] = v }

// owns reports whether the method in Graph is the claim's: it was recorded so, or
// the claim is its maker.
func (s *slot) owns(c Claim) bool { return c.Holder || s.maker == c.Ref }

func (s *slot) compare(c Claim) phone.Comparison {
	if c.Blind {
		return phone.Different
	}
	return s.method.Number.Compare(c.Number)
}

func (s *slot) same(c Claim) bool { return s.compare(c) == phone.Equal }

// older orders claims by age, then by "namespace/name", as Gateway API does.
func older(a, b Claim) int {
	return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Ref, b.Ref))
}

// leavesBehind reports whether the phone stays in Graph when its claim goes.
func leavesBehind(c Claim) bool {
	return c.Delete == OrphanMethod || c.Suspended || c.Holds[NotAllowed].Has(Delete)
}
