package preview

import (
	"context"
	"errors"
	"time"

	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/throttle"
)

// admit waits for a tenant's pace. Where its circuit is open it returns the *throttle.Rejected.
func admit(ctx context.Context, t *tenant.Tenant, p throttle.Priority, classes ...throttle.Class) (context.Context, *throttle.Ticket, error) {
	for {
		admitted, ticket, err := t.Throttle.Admit(ctx, p, classes...)
		rejected, isRejected := errors.AsType[*throttle.Rejected](err)
		if !isRejected || rejected.Reason == throttle.CircuitOpen {
			return admitted, ticket, err
		}
		if err := Wait(ctx, rejected.RetryAfter); err != nil {
			return ctx, nil, err
		}
	}
}

// Wait waits for some time, or until ctx ends.
func Wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(max(d, time.Millisecond)):
		return nil
	}
}
