package throttle

import (
	"fmt"
	"time"
)

// Reason is why a reconcile or a request was not admitted.
type Reason string

// The reasons, by what is to be waited for.
const (
	// Paused: Graph asked for a pause, by a 429 or a 503 with Retry-After.
	Paused Reason = "paused"
	// RateLimited: the token bucket is empty.
	RateLimited Reason = "rate limited"
	// CircuitOpen: Graph does not answer.
	CircuitOpen Reason = "circuit open"
	// NoWorker: the tenant's share of the workers is in use. It tells nothing of Graph.
	NoWorker Reason = "no worker"
)

// Rejected is the error of whatever was not admitted. Nothing was sent.
type Rejected struct {
	Reason Reason
	// RetryAfter is when to come back; more than zero. Callers that are rejected one
	// after the other get times that are spread.
	RetryAfter time.Duration
}

func reject(why Reason, after time.Duration) *Rejected {
	return &Rejected{Reason: why, RetryAfter: max(after, time.Millisecond)}
}

func (r *Rejected) Error() string {
	return fmt.Sprintf("not admitted: %s (retry after %v)", r.Reason, r.RetryAfter)
}

// NonRetriable keeps azcore's retry policy from sending the request again.
func (*Rejected) NonRetriable() {}
