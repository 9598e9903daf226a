package phonemethod

import (
	"context"
	"errors"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/metrics"
	"github.com/entraops/phone-operator/internal/throttle"
)

// briefWait is how long a user may wait for the throttle without a word in the status. It is
// longer than the waits while a rate begins to rise: they would cost one more write of each
// resource.
const briefWait = 10 * time.Second

// admit has the throttle of the tenant admit this user, or returns no ticket and when to come
// back. A user who is only looked up needs no request below /authentication/.
func (r *Reconciler) admit(ctx context.Context, s snapshot) (context.Context, *throttle.Ticket, outcome) {
	priority, needs := throttle.High, []throttle.Class{throttle.Directory}
	if !s.mayBeUrgent() {
		priority = throttle.Low
	}
	if s.key.Bound() && !s.lookUpOnly {
		needs = append(needs, throttle.Authentication)
	}
	admitted, ticket, err := s.tenant.Throttle.Admit(ctx, priority, needs...)
	rejected, ok := errors.AsType[*throttle.Rejected](err)
	if !ok {
		return admitted, ticket, outcome{err: err}
	}
	metrics.MeasureDelay(s.tenant.Name, err)
	r.users.forget(s.key)
	if rejected.Reason == throttle.NoWorker || rejected.Reason == throttle.RateLimited && rejected.RetryAfter <= briefWait {
		for _, c := range s.resources {
			if c.newSecret { // still to be read
				r.secrets.add(c.object.UID)
			}
		}
		return ctx, nil, outcome{after: rejected.RetryAfter}
	}
	_, o := r.concludeFailure(ctx, s, graph.NotAdmitted("begin", rejected), nil)
	return ctx, nil, o
}
