package phonemethod

import (
	"context"

	"github.com/entraops/phone-operator/internal/plan"
)

// skipIdle is the stage that ends a reconcile in which there is nothing to do: all resources are
// suspended, or what there is to do is not due yet.
func (r *Reconciler) skipIdle(ctx context.Context, s snapshot) (snapshot, outcome) {
	if s.allSuspended() {
		u, o := r.publishVerdicts(ctx, phones{snapshot: s}, plan.Compute(s.claims(), nil))
		return u.with(nil), o
	}
	if s.isEarly() {
		return s.with(nil), outcome{early: true}
	}
	return s, outcome{}
}

// chooseLookUp is the stage that decides whether the user's phones need not be read.
func chooseLookUp(_ context.Context, s snapshot) (snapshot, outcome) {
	s.lookUpOnly = s.needsLookUpOnly()
	return s, outcome{}
}

// endLookUp is the stage that ends a reconcile in which the user's phones need not be read. Where the
// look-up found something, another one follows that reads them.
func (r *Reconciler) endLookUp(_ context.Context, s snapshot) (snapshot, outcome) {
	if !s.lookUpOnly {
		return s, outcome{}
	}
	if !s.needsLookUpOnly() {
		r.handOver(s.key)
	}
	return s.with(nil), outcome{resync: s.resyncPeriod()}
}

// needsLookUpOnly reports whether this is a drift check of a user who is left to the audit log. The user
// is looked up, since no record of a phone tells of a new name; the phones are not read. What keeps
// a resource from being Ready may end without a change that the log tells of.
func (s snapshot) needsLookUpOnly() bool {
	return s.key.Bound() && s.due.driftCheck && !s.due.at.After(s.now) && s.journal.IsEmpty(s.now) && s.tenant.IsLeftToAuditLog(s.key.User, s.now) &&
		!s.any(func(c resource) bool {
			return c.Terminating || c.isAwaited() || c.newSecret || c.Barred != 0 || !c.Suspended && !c.isReady()
		})
}

func (s snapshot) allSuspended() bool {
	return !s.any(func(c resource) bool { return !c.Suspended })
}

// isEarly reports whether nothing brings this reconcile forward but resources that are not
// permitted: the others ask for nothing, and their time has not come.
func (s snapshot) isEarly() bool {
	return s.due.at.After(s.now) && !s.any(func(c resource) bool { return c.isAwaited() || c.wasRefused() || c.newSecret && !c.Suspended })
}

// isUrgent reports whether somebody waits for this reconcile: a spec is new, a resource is
// terminating or not ready, a reconcile was requested. Otherwise it looks for drift.
func (s snapshot) isUrgent() bool {
	return s.any(func(c resource) bool { return c.Terminating || c.isAwaited() || !c.isReady() })
}

// mayBeUrgent is what is known of that before the rules were asked: resources that they refused
// last, and that ask for nothing new, make no reconcile urgent.
func (s snapshot) mayBeUrgent() bool {
	return s.any(func(c resource) bool { return c.isAwaited() || !c.isReady() && !c.wasRefused() })
}
