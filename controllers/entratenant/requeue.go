package entratenant

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/entraops/phone-operator/internal/patch"
)

// When an EntraTenant is reconciled again.
const (
	// probePeriod is how often a connection that works is tried again.
	probePeriod = 10 * time.Minute
	// retryProbe is for one that does not.
	retryProbe = 30 * time.Second
	// conflictRetry is for an EntraTenant that was changed by another client meanwhile.
	conflictRetry = 100 * time.Millisecond
	// retryShare is when it is looked again whether another operator has let a tenant go, drainPeriod whether the
	// last of this one's reconciles has ended.
	retryShare  = 2 * time.Second
	drainPeriod = 200 * time.Millisecond
	// jitter spreads probes that would fall together.
	jitter = 0.2
)

// retryConflict retries soon what came second to another writer.
func retryConflict(err error) (reconcile.Result, error) {
	if patch.OnlyConflicts(err, nil) {
		return reconcile.Result{RequeueAfter: conflictRetry}, nil
	}
	return reconcile.Result{}, err
}

// wakeUsers has the users of a tenant reconciled again.
func (r *Reconciler) wakeUsers(ctx context.Context, name string) error {
	select {
	case r.Connected <- event.TypedGenericEvent[string]{Object: name}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
