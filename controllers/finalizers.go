package controllers

import (
	"context"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
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

// wholeFinalizers gives a resource its whole list of finalizers back, before a patch of
// the list: a merge patch replaces lists. Only who has foreign ones is read for it.
func (p *pass) wholeFinalizers(ctx context.Context, c *claim) error {
	if !slices.Contains(c.object.Finalizers, foreignFinalizers) {
		return nil
	}
	var live v1alpha1.PhoneAuthenticationMethod
	switch err := p.Reader.Get(ctx, client.ObjectKeyFromObject(c.object), &live); {
	case err != nil:
		return fmt.Errorf("read the finalizers of %s: %w", c.Ref, err)
	case live.ResourceVersion != c.object.ResourceVersion:
		return fmt.Errorf("read the finalizers of %s: %w", c.Ref, errBehind)
	}
	c.object.Finalizers = live.Finalizers
	return nil
}
