package main

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// merge patches an object and tries until the API server says that it is done.
func (w *world) merge(ctx context.Context, o client.Object, patch map[string]any) error {
	text, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	return w.persist(ctx, func() error {
		return w.Patch(ctx, o, client.RawPatch("application/merge-patch+json", text))
	})
}

// request asks for a reconcile by annotation.
func (w *world) request(ctx context.Context, o client.Object, what string) error {
	return w.merge(ctx, o, map[string]any{"metadata": map[string]any{"annotations": map[string]string{v1alpha1.ReconcileRequestedAtAnnotation: what}}})
}

// make creates an object and tries until it is there.
func (w *world) make(ctx context.Context, o client.Object) error {
	return w.persist(ctx, func() error {
		if err := w.Create(ctx, o); !apierrors.IsAlreadyExists(err) {
			return err
		}
		return nil
	})
}

// persist tries until the API server says that it is done, or that it is not as it should be at all.
func (w *world) persist(ctx context.Context, do func() error) error {
	var last error
	err := w.until(ctx, func() bool {
		last = do()
		return last == nil || apierrors.IsInvalid(last) || apierrors.IsNotFound(last) || apierrors.IsForbidden(last)
	})
	if apierrors.IsNotFound(last) { // it went meanwhile
		return nil
	}
	if err != nil {
		return err
	}
	return last
}

// until asks again and again.
func (w *world) until(ctx context.Context, is func() bool) error {
	return wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(context.Context) (bool, error) { return is(), nil })
}

// pause waits for a random time of a given mean and reports whether to go on.
func pause(ctx context.Context, dice *rand.Rand, mean time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(min(time.Duration(dice.ExpFloat64()*float64(mean)), 4*mean)):
		return true
	}
}
