package phonemethod

import (
	"context"
	"errors"
	"time"

	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// conclude publishes a statement about each resource, and ends the reconcile.
func (r *Reconciler) conclude(ctx context.Context, s snapshot, state func(resource) statement) (snapshot, outcome) {
	s, o := r.publish(ctx, s, state)
	return s.with(nil), o
}

// concludeFailure publishes that err kept the reconcile from verdicts, and ends it. Of an error
// that is not Graph's nothing is said: the queue backs off.
func (r *Reconciler) concludeFailure(ctx context.Context, s snapshot, err error, decided map[string]plan.Verdict) (snapshot, outcome) {
	var failure *graph.Error
	if !errors.As(err, &failure) {
		return s.with(nil), outcome{err: err}
	}
	s, o := r.conclude(ctx, s, func(c resource) statement { return stateFailure(s, c, failure, decided) })
	o.err = errors.Join(err, o.err)
	return s, o
}

// publishVerdicts publishes the verdicts of a plan. Whoever comes to hold a method is noted as its
// holder before a terminating resource is released.
func (r *Reconciler) publishVerdicts(ctx context.Context, u phones, decided plan.Plan) (phones, outcome) {
	r.countGuesses(u.snapshot, decided)
	u = u.change(func(c resource) resource {
		if v := decided.Verdicts[c.Ref]; c.failed == nil && v.Owns && v.Outcome != plan.Released && !c.Terminating {
			c, c.failed = r.ensureFinalizer(ctx, c)
		}
		return c
	})
	for _, c := range u.resources {
		if decided.Verdicts[c.Ref].Outcome == plan.Synced {
			c.Was = c.Number
		}
		r.rememberInSync(u, c)
	}
	s, o := r.publish(ctx, u.snapshot, func(c resource) statement { return stateVerdict(u, c, decided.Verdicts[c.Ref]) })
	u.snapshot = s
	o.unsure = u.any(func(c resource) bool {
		m := u.method(c.Type)
		return m != nil && m.Number.Compare(c.Number) == phone.Unknown
	})
	return u, o
}

// rememberInSync remembers the number that was last in sync, for as long as drift checks come.
func (r *Reconciler) rememberInSync(u phones, c resource) {
	if !c.Was.IsZero() {
		r.numbersInSync.set(c.object.UID, c.Was, u.now, 2*u.driftPeriod()+numberKept)
	}
}

// numberKept is added to the time for which the number last in sync is remembered.
const numberKept = time.Hour

// publish writes a statement into the status of each resource, changes only. One resource that
// cannot be written does not keep the others from theirs. Terminating ones are released last, and
// only if it was written who holds the phone type.
func (r *Reconciler) publish(ctx context.Context, s snapshot, state func(resource) statement) (snapshot, outcome) {
	o := outcome{}
	var failed []error
	var released []resource
	unrecorded := map[phone.Type]bool{}
	for _, c := range s.resources {
		var t statement
		if c.Suspended && !c.Terminating {
			t = stateSuspended(s, c)
		} else {
			t = complete(s, c, state(c))
		}
		o = o.and(requeueAfter(t.after))
		if t.set.Release {
			c.object = c.object.DeepCopy()
			c.object.Status = t.status
			released = append(released, c)
			continue
		}
		before := c
		if c.failed == nil {
			c, c.failed = r.patchStatus(ctx, c, t.status)
		}
		r.countContest(ctx, c)
		if s = s.replace(c); c.failed != nil {
			failed = append(failed, c.failed)
			unrecorded[c.Type] = unrecorded[c.Type] || t.status.ID != ""
			continue
		}
		r.announceTransition(s, before, t.set)
		r.measureReady(s, before, c)
	}
	for _, c := range released {
		failed = append(failed, r.removeOrTell(ctx, c, unrecorded[c.Type]))
	}
	if s.tenant != nil && !s.allSuspended() {
		o.resync = s.resyncPeriod()
	}
	o.err = errors.Join(failed...)
	return s, o
}

// complete puts into a statement what follows from its conditions.
func complete(s snapshot, c resource, t statement) statement {
	conditions.Resume(&t.status)
	t.set.Apply(&t.status, c.object.Generation)
	if s.user.ID != "" && t.status.UserID == "" && !t.nameless {
		t.status.UserID = s.user.ID
	}
	if !t.set.Open {
		t.status.LastHandledRequest = requestOf(c.object)
	}
	return t
}

// removeOrTell releases a resource. One that stays, since its heir could not be recorded or its
// finalizer not be removed, must not go on saying that its phone is there.
func (r *Reconciler) removeOrTell(ctx context.Context, c resource, waits bool) error {
	var err error
	if !waits {
		if err = r.removeFinalizer(ctx, c); err == nil || onlyConflicts(err) {
			return err
		}
	}
	if !c.isReady() {
		return err
	}
	_, told := r.patchPending(ctx, c, conditions.ReleasePending())
	return errors.Join(err, told)
}
