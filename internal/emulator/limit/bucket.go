// Package limit is the token bucket that the emulator limits requests with. Simulations of
// a client measure it against the same bucket, without the emulator around it.
package limit

import "time"

// Bucket allows Requests within Per, both of which must be positive: it is full at first,
// and fills again within Per. A refused request costs a token too, so that retrying at once
// makes the wait longer; Graph's own figure of usage ends at 1.8 times the limit. It is not
// safe for concurrent use.
type Bucket struct {
	requests float64
	perToken time.Duration
	tokens   float64
	at       time.Time
}

// New returns a bucket that is full at now.
func New(requests int, per time.Duration, now time.Time) *Bucket {
	n := float64(requests)
	return &Bucket{requests: n, perToken: time.Duration(float64(per) / n), tokens: n, at: now}
}

// Take takes a token for a request. It returns how much of the limit is used, from 0 to
// 1.8, and how long to wait if there was not a whole token; 0: the request is allowed.
func (b *Bucket) Take(now time.Time) (used float64, wait time.Duration) {
	if passed := now.Sub(b.at); passed > 0 {
		b.tokens = min(b.requests, b.tokens+float64(passed)/float64(b.perToken))
		b.at = now
	}
	short := 1 - b.tokens
	b.tokens = max(b.tokens-1, -0.8*b.requests)
	used = 1 - b.tokens/b.requests
	if short > 1e-9 { // the sum of many small refills
		return used, time.Duration((1 - b.tokens) * float64(b.perToken))
	}
	return used, 0
}
