package emulator

import (
	"fmt"
	"net/http"
	"time"
)

// Throttle limits what one app may ask of one tenant: a bucket of Requests tokens
// that fills again within Per. The zero value does not limit.
// https://learn.microsoft.com/graph/throttling-limits
type Throttle struct {
	Requests int           `json:"requests"`
	Per      time.Duration `json:"per,omitempty"` // nanoseconds; 0 is Graph's 10 s
	// OmitRetryAfter leaves the header out, as some of Graph's services do.
	OmitRetryAfter bool `json:"omitRetryAfter,omitempty"`
	// RetryAfter is what the header says; 0: as long as it takes until a token is there.
	RetryAfter time.Duration `json:"retryAfter,omitempty"`
}

// SetThrottle sets the limit and fills every bucket.
func (e *Emulator) SetThrottle(t Throttle) {
	if t.Per == 0 {
		t.Per = 10 * time.Second
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.throttle = t
	e.buckets = map[string]*bucket{}
}

// bucket holds the tokens of one app in one tenant. A refused request costs one
// too, so that retrying at once makes the wait longer; Graph's own figure of usage
// ends at 1.8 times the limit.
type bucket struct {
	tokens float64
	at     time.Time
}

// take takes a token and says how much of the limit is used, and how long to wait
// if there was none.
func (b *bucket) take(t Throttle, now time.Time) (used float64, wait time.Duration) {
	limit := float64(t.Requests)
	perToken := float64(t.Per) / limit
	if passed := now.Sub(b.at); passed > 0 {
		b.tokens = min(limit, b.tokens+float64(passed)/perToken)
		b.at = now
	}
	short := 1 - b.tokens
	b.tokens = max(b.tokens-1, -0.8*limit)
	used = 1 - b.tokens/limit
	if short > 1e-9 { // the sum of many small refills
		return used, time.Duration((1 - b.tokens) * perToken)
	}
	return used, 0
}

// meter counts a call to Graph against its app's limit in the tenant.
func (e *Emulator) meter(c *call) error {
	if e.throttle.Requests <= 0 {
		return nil
	}
	key := c.tenant.ID + "/" + c.token.App
	b, known := e.buckets[key]
	if !known {
		b = &bucket{tokens: float64(e.throttle.Requests), at: c.now}
		e.buckets[key] = b
	}
	used, wait := b.take(e.throttle, c.now)
	c.used = used
	if wait == 0 {
		return nil
	}
	return e.throttle.refusal(c, wait)
}

func (t Throttle) refusal(c *call, wait time.Duration) error {
	f := Fault{Status: http.StatusTooManyRequests}
	if t.RetryAfter > 0 {
		wait = t.RetryAfter
	}
	if !t.OmitRetryAfter {
		f.Retry = seconds(wait)
	}
	g := f.refusal(c)
	if g.header == nil {
		g.header = http.Header{}
	}
	g.header.Set("x-ms-throttle-scope", fmt.Sprintf("Tenant_Application/ReadWrite/%s/%s", c.token.App, c.tenant.ID))
	g.header.Set("x-ms-throttle-information", "ResourceUnitLimitExceeded")
	return g
}
