package throttle

import (
	"sync"
	"time"
)

// Throttle is what all requests of a tenant to Graph pass. It outlives the connections
// of its tenant. It is safe for concurrent use.
type Throttle struct {
	now      func() time.Time
	bulkhead *Bulkhead // nil: any number of workers
	tenant   string

	mu      sync.Mutex
	last    sequence // of the request or admission that came last
	pause   pause
	buckets [classes]bucket
	breaker breaker
}

// pause is the time that Graph asked for. It is the tenant's, whatever the class: a 429
// need not tell which limit was met, and hardly a reconcile does without both classes.
type pause struct {
	until  time.Time
	after  sequence     // the last request when it began
	unsaid [classes]int // 429s in a row without Retry-After
}

// New returns the throttle of a tenant that takes its workers from the bulkhead; nil
// is any number of them.
func New(now func() time.Time, b *Bulkhead, tenant string) *Throttle {
	t := &Throttle{now: now, bulkhead: b, tenant: tenant}
	for c, s := range starts {
		t.buckets[c] = newBucket(s)
	}
	return t
}

// Tenant is the name that the throttle was made for.
func (t *Throttle) Tenant() string { return t.tenant }

// SetCeilings bounds what is sent, in requests a second on average; 0 is no bound.
func (t *Throttle) SetCeilings(authentication, directory float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buckets[Authentication].setCeiling(authentication)
	t.buckets[Directory].setCeiling(directory)
}

// Reset closes the circuit: with a new connection it is not known any more that Graph
// does not answer.
func (t *Throttle) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.breaker.reset(t.last)
}

// State reports why nothing is admitted now: Graph asked for a pause, or the circuit is
// open or half-open.
func (t *Throttle) State() (paused, open bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pause.until.After(t.now()), t.breaker.openings > 0
}

// Pause returns how much is left of the pause that Graph asked for; 0 is none.
func (t *Throttle) Pause() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(0, t.pause.until.Sub(t.now()))
}
