package controllers

import (
	"cmp"
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/journal"
	"github.com/entraops/phone-operator/internal/plan"
)

// begin records what a crash must not lose, right before an action: the finalizer, then
// the intent of a write after which a phone would have no record. What is held by such an
// intent alone is recorded before an update or a deletion makes it wrong. The error is
// that of the claim which the action is for.
func (p *pass) begin(ctx context.Context, a plan.Action, verdicts map[string]plan.Verdict) error {
	c := p.claim(a.For)
	if a.Verb != plan.Create {
		if err := p.upToDate(ctx, c); err != nil {
			return err
		}
	}
	if a.Verb == plan.Update || a.Verb == plan.Delete {
		for _, other := range p.claims {
			v := verdicts[other.Ref]
			if other.Type != a.Type || !v.Holds || other.isRecorded() || other.vanished {
				continue
			}
			if other.failed = p.record(ctx, other, v); other.failed != nil {
				other.Withheld = plan.Unsettled
				return nil
			}
		}
	}
	if a.Verb == plan.Delete {
		return nil
	}
	if err := p.ensureFinalizer(ctx, c); err != nil {
		return err
	}
	switch {
	case a.Verb == plan.Create:
		return p.intend(ctx, c, v1alpha1.PendingCreate, a.Number.Masked())
	case a.Verb == plan.Update && !c.Holder && p.method(a.Type).Number.Masked() != a.Number.Masked():
		// The phone is not its own before the update. An intent with the mask that Graph
		// shows already would make it so without the update.
		return p.intend(ctx, c, v1alpha1.PendingUpdate, a.Number.Masked())
	}
	return nil
}

// isRecorded reports whether status says that the claim holds its phone. What this pass found
// out alone is lost if it is killed.
func (c *claim) isRecorded() bool { return c.object.Status.ID != "" && c.object.Status.UserID != "" }

// upToDate makes sure that a resource is as the cache has it, before a write for which
// the API server may have nothing to compare: the cache of an operator that has just
// become the leader may be behind what the one before it acted on.
func (p *pass) upToDate(ctx context.Context, c *claim) error {
	if p.now.Sub(p.started) > journal.WriteDeadline || c.vanished {
		return nil
	}
	var live v1alpha1.PhoneAuthenticationMethod
	switch err := p.Reader.Get(ctx, client.ObjectKeyFromObject(c.object), &live); {
	case err != nil:
		return fmt.Errorf("look whether %s was changed: %w", c.Ref, err)
	case live.ResourceVersion != c.object.ResourceVersion:
		return fmt.Errorf("look whether %s was changed: %w", c.Ref, errBehind)
	}
	return nil
}

// ensureFinalizer puts the finalizer on a resource that has none.
func (p *pass) ensureFinalizer(ctx context.Context, c *claim) error {
	if controllerutil.ContainsFinalizer(c.object, v1alpha1.Finalizer) {
		return nil
	}
	if err := p.wholeFinalizers(ctx, c); err != nil {
		return err
	}
	base := c.object.DeepCopy()
	controllerutil.AddFinalizer(c.object, v1alpha1.Finalizer)
	// The answer carries the new resourceVersion, which the status is patched on.
	if err := p.Client.Patch(ctx, c.object, optimistic(base)); err != nil {
		return p.notWritten(ctx, c, ofMetadata, fmt.Errorf("put the finalizer on %s: %w", c.Ref, err))
	}
	p.wrote(c, ofMetadata)
	return nil
}

// intend records in status what is about to be written to Graph, and for whom. Another
// attempt at the same finds it recorded.
func (p *pass) intend(ctx context.Context, c *claim, action v1alpha1.PendingWriteAction, masked string) error {
	s := &c.object.Status
	w := v1alpha1.PendingWrite{Action: action, UserID: p.user.ID, MaskedNumber: masked, Since: metav1.NewTime(p.Now().UTC().Truncate(time.Second))}
	if last := s.PendingWrite; last != nil && last.Action == action && last.UserID == w.UserID && last.MaskedNumber == masked {
		return nil
	}
	base := c.object.DeepCopy()
	s.PendingWrite = &w
	s.UserID = cmp.Or(s.UserID, p.user.ID)
	if err := p.Client.Status().Patch(ctx, c.object, optimistic(base)); err != nil {
		return p.notWritten(ctx, c, ofStatus, fmt.Errorf("record the pending write of %s: %w", c.Ref, err))
	}
	c.fresh = c.Creating == ""
	c.Creating = masked
	p.intents.Set(c.object.UID, w.Since.Time, intentKept)
	p.wrote(c, ofStatus)
	return nil
}

// optimistic is a patch from base that fails where the resource was changed since.
func optimistic(base client.Object) client.Patch {
	return client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})
}

// record writes into status what a claim holds, ahead of the full report.
func (p *pass) record(ctx context.Context, c *claim, v plan.Verdict) error {
	base := c.object.DeepCopy()
	p.holding(c, v)
	if err := p.Client.Status().Patch(ctx, c.object, optimistic(base)); err != nil {
		return p.notWritten(ctx, c, ofStatus, fmt.Errorf("record the holder %s: %w", c.Ref, err))
	}
	c.Holder, c.Last, c.Changed, c.Edited = true, c.object.Status.MaskedNumber, true, true
	p.wrote(c, ofStatus)
	return nil
}

// release takes the finalizer off; a resource that leaves is gone with it.
func (p *pass) release(ctx context.Context, c *claim) error {
	if !controllerutil.ContainsFinalizer(c.object, v1alpha1.Finalizer) {
		return nil
	}
	if err := p.wholeFinalizers(ctx, c); err != nil {
		return client.IgnoreNotFound(err)
	}
	base := c.object.DeepCopy()
	controllerutil.RemoveFinalizer(c.object, v1alpha1.Finalizer)
	err := p.Client.Patch(ctx, c.object, optimistic(base))
	if client.IgnoreNotFound(err) != nil {
		return p.notWritten(ctx, c, ofMetadata, fmt.Errorf("take the finalizer off %s: %w", c.Ref, err))
	}
	return nil
}
