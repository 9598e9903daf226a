package phonemethod

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/journal"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// results are what the journal calls Graph's answers to a write. Of other kinds nothing was done.
var results = map[graph.Kind]journal.Result{
	"": journal.Acknowledged, graph.Unclear: journal.Unclear, graph.NumberNotUnique: journal.NumberNotUnique,
	graph.NotFound: journal.NotFound, graph.Refused: journal.Refused, graph.InvalidNumber: journal.InvalidNumber,
	graph.Restricted: journal.Restricted,
}

// refusedAs are the kinds of the results that are refusals.
var refusedAs = map[journal.Result]graph.Kind{
	journal.Refused: graph.Refused, journal.InvalidNumber: graph.InvalidNumber, journal.Restricted: graph.Restricted,
}

// settle replaces what is believed of Graph by what it shows now, as the journal understands it,
// and puts the holds that follow from that on the resources.
func settle(u phones, shown []plan.Method) (phones, journal.View) {
	view := u.journal.Read(shown, u.now)
	u.methods, u.stale, u.unread = view.Methods, false, false
	u = u.requeueAfter(view.ReadAgain)
	for _, e := range view.Confirmed {
		if _, ok := resourceOfWrite(u, e); ok {
			u = u.succeeded(e.Action)
		}
	}
	for _, a := range view.Landed {
		u = u.change(func(c resource) resource { return c.afterLanding(a) })
	}
	u = u.change(func(c resource) resource {
		switch {
		case !c.Unread:
		case slices.Contains(view.Met, c.Type), u.journal.MadeNothing(c.Claim, u.now):
			c.Pending, c.Unread = "", false // what is there, or comes to be shown, is another client's
		case u.journal.Accounts(c.Claim):
			c.Unread = false
		}
		return c
	})
	u = holdUnseen(holdUnsettled(u))
	if slices.Contains(view.Unshown, phone.Mobile) {
		u = holdAlternateMobile(u)
	}
	s, o := delayHeirs(u.snapshot)
	u.snapshot, u.outcome = s, u.outcome.and(o)
	return u, view
}

// resourceOfWrite returns the resource that a write was for; false if it takes no part any more. One of its name that came
// after it holds nothing for that, and may be for another phone type.
func resourceOfWrite(u phones, e journal.Entry) (resource, bool) {
	c, ok := u.resource(e.Action.For)
	return c, ok && string(c.object.UID) == e.Resource
}

// holdUnsettled puts the journal's holds on the resources.
func holdUnsettled(u phones) phones {
	holds, next := u.journal.Holds(u.claims(), u.now)
	for _, h := range holds {
		u = u.change(func(c resource) resource {
			if c.Ref != h.Ref {
				return c
			}
			if c.Holds = c.Holds.With(plan.Refused, h.Refused); h.Refused != 0 {
				c.refusedAs = refusedAs[h.Result]
			}
			switch {
			case h.Unsettled:
				c.Holds = c.Holds.With(plan.Unsettled, plan.AllWrites)
			case c.failed == nil:
				c.Holds = c.Holds.With(plan.Unsettled, 0)
			}
			return c
		})
	}
	return u.requeueAfter(next)
}

// holdUnseen keeps the finalizers of terminating resources whose phone may exist and not be
// visible.
func holdUnseen(u phones) phones {
	refs, next := u.journal.Unseen(u.claims(), u.methods, u.now)
	return u.requeueAfter(next).change(func(c resource) resource {
		if slices.Contains(refs, c.Ref) {
			c.Holds = c.Holds.With(plan.Unsettled, plan.AllWrites)
		}
		return c
	})
}

// holdAlternateMobile leaves an alternateMobile uncreated: Graph would refuse it, should the mobile that is only recorded
// be gone.
func holdAlternateMobile(u phones) phones {
	return u.change(func(c resource) resource {
		if c.Type == phone.AlternateMobile {
			c.Holds = c.Holds.With(plan.Unsettled, c.Holds[plan.Unsettled]|plan.SetOf(plan.Create))
		}
		return c
	})
}

// reportReversals leaves to the resync the numbers that Graph reversed after each write.
func reportReversals(u phones, reversalOf func(types.UID) journal.Reversal) phones {
	return u.change(func(c resource) resource {
		if reversalOf(c.object.UID).Persists(c.Claim, u.method(c.Type), u.resyncPeriod(), u.now) {
			c.Drift, c.undone = plan.ReportDrift, true
		}
		return c
	})
}
