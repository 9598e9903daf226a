package phonemethod

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/patch"
)

// patchStatus writes a status if it is another one.
func (r *Reconciler) patchStatus(ctx context.Context, c resource, status v1alpha1.PhoneAuthenticationMethodStatus) (resource, error) {
	if equality.Semantic.DeepEqual(c.object.Status, status) {
		return c, nil
	}
	patched, err := r.replaceStatus(ctx, c, status)
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) && c.made && r.isReplaced(ctx, c) {
		// The API server may delete a resource in the moment in which a finalizer is put
		// on it. What was made for it then has no resource to speak for it.
		if c.made && !c.vanished {
			c.vanished, c.Terminating = true, true
		}
		return c, nil
	}
	if err != nil {
		return c, r.notWritten(ctx, c, ofStatus, fmt.Errorf("write the status of %s: %w", c.Ref, err))
	}
	return patched, nil
}

// isReplaced reports whether the resource is gone, and maybe another one has its name by now.
func (r *Reconciler) isReplaced(ctx context.Context, c resource) bool {
	var live v1alpha1.PhoneAuthenticationMethod
	err := r.Reader.Get(ctx, client.ObjectKeyFromObject(c.object), &live)
	return apierrors.IsNotFound(err) || err == nil && live.UID != c.object.UID
}

// replaceStatus writes a status. The error is the API server's.
func (r *Reconciler) replaceStatus(ctx context.Context, c resource, status v1alpha1.PhoneAuthenticationMethodStatus) (resource, error) {
	changed := c.object.DeepCopy()
	changed.Status = status
	if err := r.Client.Status().Patch(ctx, changed, patch.Optimistic(c.object)); err != nil {
		return c, err
	}
	c.object = changed
	r.remember(changed, ofStatus, r.Now())
	return c, nil
}

// patchPending writes that a resource is not as it should be, and that it is being worked on.
func (r *Reconciler) patchPending(ctx context.Context, c resource, pending conditions.Set) (resource, error) {
	status := *c.object.Status.DeepCopy()
	pending.Apply(&status, c.object.Generation)
	return r.patchStatus(ctx, c, status)
}

// withAllFinalizers returns the object with its whole list of finalizers, before a patch of the
// list: a merge patch replaces lists. Only who has foreign ones is read for it.
func (r *Reconciler) withAllFinalizers(ctx context.Context, c resource) (*v1alpha1.PhoneAuthenticationMethod, error) {
	whole := c.object.DeepCopy()
	if !slices.Contains(whole.Finalizers, foreignFinalizers) {
		return whole, nil
	}
	var live v1alpha1.PhoneAuthenticationMethod
	switch err := r.Reader.Get(ctx, client.ObjectKeyFromObject(whole), &live); {
	case err != nil:
		return nil, fmt.Errorf("read the finalizers of %s: %w", c.Ref, err)
	case live.ResourceVersion != whole.ResourceVersion:
		return nil, fmt.Errorf("read the finalizers of %s: %w", c.Ref, behindError{})
	}
	whole.Finalizers = live.Finalizers
	return whole, nil
}

// ensureFinalizer puts the finalizer on a resource that has none.
func (r *Reconciler) ensureFinalizer(ctx context.Context, c resource) (resource, error) {
	if controllerutil.ContainsFinalizer(c.object, v1alpha1.Finalizer) {
		return c, nil
	}
	base, err := r.withAllFinalizers(ctx, c)
	if err != nil {
		return c, err
	}
	held := base.DeepCopy()
	controllerutil.AddFinalizer(held, v1alpha1.Finalizer)
	// The answer carries the new resourceVersion, which the status is patched on.
	if err := r.Client.Patch(ctx, held, patch.Optimistic(base)); err != nil {
		return c, r.notWritten(ctx, c, ofMetadata, fmt.Errorf("put the finalizer on %s: %w", c.Ref, err))
	}
	c.object = held
	r.remember(held, ofMetadata, r.Now())
	return c, nil
}

// removeFinalizer takes the finalizer off; a terminating resource is gone with it. Whether it was may remain unknown, so
// that is remembered before, and asked for when the cache shows the resource once more.
func (r *Reconciler) removeFinalizer(ctx context.Context, c resource) error {
	if !controllerutil.ContainsFinalizer(c.object, v1alpha1.Finalizer) {
		return nil
	}
	r.rememberRelease(c.object.UID, r.Now())
	base, err := r.withAllFinalizers(ctx, c)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	released := base.DeepCopy()
	controllerutil.RemoveFinalizer(released, v1alpha1.Finalizer)
	if err := r.Client.Patch(ctx, released, patch.Optimistic(base)); client.IgnoreNotFound(err) != nil {
		return r.notWritten(ctx, c, ofMetadata, fmt.Errorf("take the finalizer off %s: %w", c.Ref, err))
	}
	return nil
}

// notWritten remembers that the API server answered a write of a resource with err, which it
// returns.
func (r *Reconciler) notWritten(ctx context.Context, c resource, kind writeKind, err error) error {
	if refusesResource(err) && r.unwritable.refused(c.object.UID, kind, ofItself(err), r.Now()) {
		log.FromContext(ctx).Info("a resource cannot be written and takes part in nothing (NotWritable)",
			"resource", c.Ref, "answer", reasonOf(err))
	}
	return err
}

// release removes the finalizer of a resource that takes no part any more. If the API server does
// not accept that, it is tried again. Neither are the others held up, nor is anything asked of
// Graph for them: whoever edits such a resource without pause would make it so.
func (r *Reconciler) release(ctx context.Context, c resource) outcome {
	switch err := r.removeFinalizer(ctx, c); {
	case err == nil:
		return outcome{}
	case onlyConflicts(err):
		return outcome{aside: conflictRetry}
	default:
		log.FromContext(ctx).Info("could not take the finalizer off a resource", "resource", c.Ref, "answer", reasonOf(err))
		return outcome{aside: r.unwritable.retry(c.object.UID)}
	}
}
