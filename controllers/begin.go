package controllers

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/plan"
)

// begin writes down what a crash must not lose, right before an action: the
// finalizer, and what is about to be created or taken over. What is held by such a
// note alone is recorded before an update or a deletion makes the note wrong.
func (p *pass) begin(ctx context.Context, a plan.Action, verdicts map[string]plan.Verdict) error {
	c := p.claim(a.For)
	if a.Verb == plan.Create {
		return p.hold(ctx, c, note(p.user.ID, a.Number.Masked())+p.landsNote(c))
	}
	if err := p.upToDate(ctx, c); err != nil {
		return err
	}
	if a.Verb == plan.Update || a.Verb == plan.Delete {
		for _, other := range p.claims {
			v := verdicts[other.Ref]
			if other.Type != a.Type || !v.Holds || other.Holder {
				continue
			}
			if err := p.record(ctx, other, v); err != nil {
				return err
			}
		}
	}
	switch {
	case a.Verb == plan.Delete:
		return nil
	case a.Verb == plan.Update && !c.Holder && p.method(a.Type).Number.Masked() != a.Number.Masked():
		// The phone is not its own before the update, and the note does not fit it.
		return p.hold(ctx, c, note(p.user.ID, a.Number.Masked()))
	}
	return p.hold(ctx, c, "")
}

// upToDate makes sure that a resource is as the cache has it, before a write for which
// the API server may have nothing to compare: the cache of an operator that has just
// become the leader may be behind what the one before it acted on.
func (p *pass) upToDate(ctx context.Context, c *claim) error {
	if p.now.Sub(p.started) > landing || c.vanished {
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

// note is what is written down of a create, or of an update that takes a phone
// over: for whom, and the masked number.
func note(userID, masked string) string { return userID + " " + masked }

// noted reads the note of a create, with the object id in lower case; nothing
// where there is none. Without the finalizer it is not the operator's.
func noted(o *v1alpha1.PhoneAuthenticationMethod) (userID, masked string) {
	if !controllerutil.ContainsFinalizer(o, v1alpha1.Finalizer) {
		return "", ""
	}
	text, _, _ := strings.Cut(o.Annotations[v1alpha1.CreatingAnnotation], landsMark)
	userID, masked, _ = strings.Cut(text, " ")
	if !isObjectID(userID) {
		return "", ""
	}
	return strings.ToLower(userID), masked
}

// hold puts the finalizer on a resource and the note of what is about to be
// created for it, if any. Nothing is sent if both are there.
func (p *pass) hold(ctx context.Context, c *claim, begun string) error {
	o := c.object
	base := o.DeepCopy()
	added := controllerutil.AddFinalizer(o, v1alpha1.Finalizer)
	switch {
	case begun != "" && o.Annotations[v1alpha1.CreatingAnnotation] != begun:
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.CreatingAnnotation, begun)
		c.fresh = c.Creating == ""
		_, c.Creating = noted(o)
	case !added:
		return nil
	}
	// The answer carries the new resourceVersion, which the status is patched on.
	if err := p.Client.Patch(ctx, o, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("put the finalizer on %s: %w", c.Ref, err)
	}
	p.wrote(c)
	return nil
}

// record writes into status what a claim holds, ahead of the full report.
func (p *pass) record(ctx context.Context, c *claim, v plan.Verdict) error {
	base := c.object.DeepCopy()
	p.holding(c, v)
	if err := p.Client.Status().Patch(ctx, c.object, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("record the holder %s: %w", c.Ref, err)
	}
	c.Holder, c.Last, c.Changed, c.Edited = true, c.object.Status.MaskedNumber, true, true
	p.wrote(c)
	return nil
}

// forgo takes back what hold put on a resource that came to hold nothing, so that
// the note is not mistaken for that of a later phone.
func (p *pass) forgo(ctx context.Context, c *claim) error {
	base := c.object.DeepCopy()
	controllerutil.RemoveFinalizer(c.object, v1alpha1.Finalizer)
	delete(c.object.Annotations, v1alpha1.CreatingAnnotation)
	c.Creating = ""
	if err := p.Client.Patch(ctx, c.object, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("take the note off %s: %w", c.Ref, err)
	}
	p.wrote(c)
	return nil
}

// release takes the finalizer off; a resource that leaves is gone with it.
func (p *pass) release(ctx context.Context, c *claim) error {
	base := c.object.DeepCopy()
	if !controllerutil.RemoveFinalizer(c.object, v1alpha1.Finalizer) {
		return nil
	}
	err := p.Client.Patch(ctx, c.object, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("take the finalizer off %s: %w", c.Ref, err)
	}
	return nil
}
