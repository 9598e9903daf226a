package phonemethod

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/internal/conditions"
)

// setAside is the stage that leaves out the resources that cannot be written. One that is out is
// tried when its time has come, with the finalizer and the status that it could not be given.
func (r *Reconciler) setAside(ctx context.Context, s snapshot) (snapshot, outcome) {
	var o outcome
	var writable []resource
	for _, c := range s.resources {
		if _, wait := r.contested.out(c.object.UID, s.now); wait > 0 && !c.Holder && !c.Terminating {
			o = o.and(requeueAfter(wait))
			continue
		}
		out, wait := r.unwritable.out(c.object.UID, s.now)
		if out && wait == 0 {
			tried, err := r.tryToWrite(ctx, c)
			c, out, wait = tried, err != nil, r.unwritable.retry(c.object.UID)
		}
		if out {
			o = o.and(requeueAfter(wait))
			continue
		}
		writable = append(writable, c)
	}
	return s.with(writable), o
}

func (r *Reconciler) tryToWrite(ctx context.Context, c resource) (resource, error) {
	if c.Terminating {
		return r.patchPending(ctx, c, conditions.DeletionGoesOn())
	}
	c, err := r.ensureFinalizer(ctx, c)
	if err != nil {
		return c, err
	}
	return r.patchPending(ctx, c, conditions.GoesOn())
}

// countContest remembers whether a resource was changed by another client in the moment in which
// it was to be written. Whoever edits a resource without pause would keep it a rival or an heir
// that never comes to act, and the others of its phone type waiting: one that holds nothing
// is out after a while, and tried again later and later.
func (r *Reconciler) countContest(ctx context.Context, c resource) {
	switch {
	case c.failed == nil:
		r.contested.forget(c.object.UID)
	case onlyConflicts(c.failed) && !c.Holder && !c.Terminating && r.contested.refused(c.object.UID, ofStatus, false, r.Now()):
		log.FromContext(ctx).Info("a resource is changed without pause and takes part in nothing", "resource", c.Ref)
	}
}
