package journal

import (
	"slices"
	"time"

	"github.com/entraops/phone-operator/internal/plan"
)

// Hold is what the last write of its phone type means for one claim.
type Hold struct {
	Ref string
	// Unsettled: nothing may be written until it is known what became of the last write.
	Unsettled bool
	// Refused are the writes of this claim that Graph refused and that are not tried again yet;
	// Result is how it refused them.
	Refused plan.Verbs
	Result  Result
}

// Holds returns a hold for each claim of a phone type whose last write Graph did not
// acknowledge, and how long until one of them ends; zero is none that ends.
func (j Journal) Holds(claims []plan.Claim, now time.Time) (holds []Hold, next time.Duration) {
	for _, e := range j.entries {
		if e.Result == Acknowledged {
			continue
		}
		for _, c := range claims {
			if c.Type != e.Action.Type {
				continue
			}
			h := Hold{Ref: c.Ref}
			if wait := e.hold(now); wait > 0 {
				h.Unsettled = true
				next = sooner(next, wait)
			} else if e.isRejected() && c.Ref == e.Action.For {
				h.Refused, h.Result = plan.SetOf(e.Action.Verb), e.Result
				next = sooner(next, e.At.Add(j.retryAfter(e)).Sub(now))
			}
			holds = append(holds, h)
		}
	}
	return holds, next
}

// Unseen returns the claims whose phone may exist and not be visible, and how long until that is
// over for one of them. now is when the reconcile began.
//
// A terminating claim must not be let go: for as long as reads lag after the last create, or
// after the journal began if that is later. A create whose answer was lost may first have to
// land. After a deletion in this reconcile, a read that shows nothing is not late.
//
// A claim that asks for another number by now must not create that while its first create may
// land, or not be visible: the pending write would not mention the phone any more that comes of it.
func (j Journal) Unseen(claims []plan.Claim, believed []plan.Method, now time.Time) (refs []string, next time.Duration) {
	for _, c := range claims {
		edited := !c.Terminating && c.HasPending() && c.Pending != c.Number.Masked() && plan.MethodOf(believed, c.Type) == nil
		if !edited && (!c.Terminating || !c.Holder && !c.HasPending()) {
			continue
		}
		if wait := j.seenBy(c, claims, believed, now).Sub(now); wait > 0 {
			refs = append(refs, c.Ref)
			next = sooner(next, wait)
		}
	}
	return refs, next
}

// seenBy is when a phone that a claim made is visible if it exists.
func (j Journal) seenBy(c plan.Claim, claims []plan.Claim, believed []plan.Method, now time.Time) time.Time {
	m, rival := plan.MethodOf(believed, c.Type), heldBeside(c, claims)
	lands := j.creates[c.Type]
	if c.HasPending() { // an update that takes a phone over, maybe
		lands = later(later(lands, j.deadline), j.since.Add(WriteDeadline))
	}
	switch {
	case m != nil && (c.Holder || !rival && c.MayHaveMade(*m)):
		return time.Time{} // there it is
	case m != nil:
		return lands.Add(GraphReadLag) // what is there is another's, and may go before, or be overwritten
	case j.isDeleted(c.Type, now) && (c.Holder || !rival):
		return j.creates[c.Type]
	}
	visible := later(lands, j.since)
	if e, ok := j.last(c.Type); ok && e.Action.Verb == plan.Create {
		visible = later(visible, e.At)
	}
	return visible.Add(GraphReadLag)
}

// heldBeside reports whether another claim is recorded as the holder of c's phone type.
func heldBeside(c plan.Claim, claims []plan.Claim) bool {
	return slices.ContainsFunc(claims, func(o plan.Claim) bool { return o.Ref != c.Ref && o.Type == c.Type && o.Holder })
}
