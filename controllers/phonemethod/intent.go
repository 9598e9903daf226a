package phonemethod

import (
	"cmp"
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/journal"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// recordIntent records what a crash must not lose, right before an action: the finalizer, then
// the intent of a write after which a phone would have no record. What is held by such an intent
// alone is recorded before an update or a deletion makes it wrong. A resource that could not be
// written has failed then.
func (r *Reconciler) recordIntent(ctx context.Context, u phones, a plan.Action, verdicts map[string]plan.Verdict) phones {
	if c, _ := u.resource(a.For); a.Verb != plan.Create {
		if err := r.checkIsCurrent(ctx, u.snapshot, c); err != nil {
			return u.fail(a.For, err)
		}
	}
	if a.Verb == plan.Update || a.Verb == plan.Delete {
		for _, c := range u.resources {
			v := verdicts[c.Ref]
			if c.Type != a.Type || !v.Owns || c.isRecorded() || c.vanished {
				continue
			}
			var err error
			if u, err = r.recordHolder(ctx, u, c, v); err != nil {
				return u.fail(c.Ref, err)
			}
		}
	}
	if a.Verb == plan.Delete {
		return u
	}
	c, _ := u.resource(a.For)
	c, err := r.ensureFinalizer(ctx, c)
	switch {
	case err != nil:
	case a.Verb == plan.Create:
		c, err = r.recordPendingWrite(ctx, c, v1alpha1.PendingWrite{
			Action: v1alpha1.PendingCreate, UserID: u.user.ID, MaskedNumber: a.Number.Masked(), Unread: u.unread,
		})
	case a.Verb == plan.Update && !c.Holder && u.method(a.Type).Number.Masked() != a.Number.Masked():
		// The phone is not its own before the update. An intent with the mask that Graph
		// shows already would make it so without the update.
		c, err = r.recordPendingWrite(ctx, c, v1alpha1.PendingWrite{
			Action: v1alpha1.PendingUpdate, UserID: u.user.ID, MaskedNumber: a.Number.Masked(),
		})
	}
	if u = u.replace(c); err != nil {
		return u.fail(a.For, err)
	}
	return u
}

// checkIsCurrent makes sure that a resource is as the cache has it, before a write for which
// the API server may have nothing to compare: the cache of an operator that has just become the
// leader may be behind what the one before it acted on.
func (r *Reconciler) checkIsCurrent(ctx context.Context, s snapshot, c resource) error {
	if s.now.Sub(r.startedFor(s.key.Tenant)) > journal.WriteDeadline || c.vanished {
		return nil
	}
	var live v1alpha1.PhoneAuthenticationMethod
	switch err := r.Reader.Get(ctx, client.ObjectKeyFromObject(c.object), &live); {
	case err != nil:
		return fmt.Errorf("look whether %s was changed: %w", c.Ref, err)
	case live.ResourceVersion != c.object.ResourceVersion:
		return fmt.Errorf("look whether %s was changed: %w", c.Ref, behindError{})
	}
	return nil
}

// intent is what is remembered of a pending write.
type intent struct {
	since  time.Time    // zero: an operator before recorded it
	number phone.Number // zero: it is not known
}

// intentTTL is how long that is, from the last reconcile of the resource: in the first one it matters which operator
// recorded the write.
const intentTTL = 2 * journal.WriteDeadline

// recordPendingWrite records in status what is about to be written to Graph, and for whom. Another
// attempt at the same finds it recorded.
func (r *Reconciler) recordPendingWrite(ctx context.Context, c resource, w v1alpha1.PendingWrite) (resource, error) {
	if last := c.object.Status.PendingWrite; last != nil {
		if w.Since = last.Since; w == *last {
			return c, nil
		}
	}
	w.Since = metav1.NewTime(r.Now().UTC().Truncate(time.Second))
	status := *c.object.Status.DeepCopy()
	status.PendingWrite, status.UserID = &w, cmp.Or(status.UserID, w.UserID)
	c, err := r.replaceStatus(ctx, c, status)
	if err != nil {
		return c, r.notWritten(ctx, c, ofStatus, fmt.Errorf("record the pending write of %s: %w", c.Ref, err))
	}
	c.intended, c.Pending, c.Unread = c.Pending == "", w.MaskedNumber, w.Unread
	r.intents.Set(c.object.UID, intent{w.Since.Time, c.Number}, intentTTL)
	return c, nil
}

// recordHolder writes into status what a resource holds, ahead of the full statement.
func (r *Reconciler) recordHolder(ctx context.Context, u phones, c resource, v plan.Verdict) (phones, error) {
	t := stateHolding(u, c, v)
	u = u.requeueAfter(t.after)
	c, err := r.replaceStatus(ctx, c, t.status)
	if err != nil {
		return u, r.notWritten(ctx, c, ofStatus, fmt.Errorf("record the holder %s: %w", c.Ref, err))
	}
	c.Holder, c.Last = true, c.object.Status.MaskedNumber
	c.Changed, c.Edited = true, true // what it asks for was not acted on: this was ahead of that
	u = u.replace(c)
	return u, nil
}
