package controllers

import (
	"context"
	"errors"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/throttle"
)

// shortWait is how long a user may wait for a token without a word in the status. It is
// longer than the waits while a rate begins to rise: they would cost one more write of
// each resource.
const shortWait = 10 * time.Second

// admit has the throttle of the tenant admit this user, or notes when to come back and
// returns no ticket. A name that is only looked up needs no authentication method.
func (p *pass) admit(ctx context.Context, low bool) (context.Context, *throttle.Ticket, error) {
	priority, needs := throttle.High, []throttle.Class{throttle.Directory}
	if low {
		priority = throttle.Low
	}
	if p.key.Bound() {
		needs = append(needs, throttle.Authentication)
	}
	admitted, ticket, err := p.tenant.Throttle.Admit(ctx, priority, needs...)
	rejected, ok := errors.AsType[*throttle.Rejected](err)
	if !ok {
		return admitted, ticket, err
	}
	p.directory.forget(p.key)
	if rejected.Reason == throttle.NoWorker || rejected.Reason == throttle.RateLimited && rejected.RetryAfter <= shortWait {
		p.look = rejected.RetryAfter
		return ctx, nil, nil
	}
	return ctx, nil, p.unknown(ctx, graph.NotAdmitted("begin", rejected), nil)
}
