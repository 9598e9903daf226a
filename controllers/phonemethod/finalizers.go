package phonemethod

import (
	"context"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/patch"
)

// foreignFinalizers stands in the cache for all finalizers of a resource that are not the
// operator's: there can be a megabyte of them. It is no name that the API server takes, so
// that a patch which would put it in their place is refused.
const foreignFinalizers = "(others)"

func thinFinalizers(all []string) (some []string) {
	if slices.Contains(all, v1alpha1.Finalizer) {
		some = append(some, v1alpha1.Finalizer)
	}
	if len(all) > len(some) {
		some = append(some, foreignFinalizers)
	}
	return some
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
		return nil, fmt.Errorf("read the finalizers of %s: %w", c.Ref, errBehind)
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
	r.remember(held, ofMetadata)
	return c, nil
}

// removeFinalizer takes the finalizer off; a terminating resource is gone with it.
func (r *Reconciler) removeFinalizer(ctx context.Context, c resource) error {
	if !controllerutil.ContainsFinalizer(c.object, v1alpha1.Finalizer) {
		return nil
	}
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
