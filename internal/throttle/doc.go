// Package throttle decides whether, and when, a tenant's Graph is asked. A Throttle
// has, per tenant:
//
//   - two token buckets, for paths below /authentication/ and for all others, each
//     with a rate estimator that learns what Graph accepts;
//   - a pause: after a 429 nothing is sent until Retry-After is over;
//   - a circuit breaker, which opens where Graph does not answer;
//   - a share of the workers, its compartment of the Bulkhead.
//
// A reconcile is admitted as a whole (Admit), since one that is stopped in the middle
// has wasted its requests. Each of its requests then takes a token (Policy). Nothing
// sleeps here: what is refused gets a *Rejected with the time to come back.
//
// The package knows neither tenants nor the meaning of a request beyond its path.
package throttle
