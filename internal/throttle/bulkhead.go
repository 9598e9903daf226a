package throttle

import (
	"sync"
	"time"
)

// Bulkhead shares the workers out among tenants. A Graph that hangs holds every worker
// that asks it, for a minute if it is a write, and the users of other tenants must find
// one all the same.
//
// A tenant may hold so many times as many workers as are free, and one in any case. So
// one that hangs takes three quarters of them, another one three quarters of the rest,
// and so on. None holds them for long, since its circuit breaker opens. A tenant that
// is alone may hold them all. It is safe for concurrent use.
type Bulkhead struct {
	mu           sync.Mutex
	workers      int // 0: any number
	busy         int
	tenants      int
	compartments map[string]*compartment
}

// compartment is what one tenant has of the workers.
type compartment struct {
	held  int
	turns stagger
}

// timesFree is how many times as many workers as are free a tenant may hold. Drift
// checks leave workers to what was asked for.
var timesFree = [priorities]int{High: 3, Low: 1}

// Who finds no worker comes back after workerWait at the earliest, 500 users a second:
// as many as Graph ever answers, and few enough to cost little while it answers none.
const (
	workerWait  = 50 * time.Millisecond
	workerApart = 2 * time.Millisecond
)

// NewBulkhead returns a bulkhead of any number of workers.
func NewBulkhead() *Bulkhead { return &Bulkhead{compartments: map[string]*compartment{}} }

// SetWorkers says how many workers there are; 0 is any number.
func (b *Bulkhead) SetWorkers(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.workers = n
}

// SetTenants says how many tenants there are.
func (b *Bulkhead) SetTenants(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tenants = n
}

// acquire takes a worker for a tenant, or returns how long to stay away.
func (b *Bulkhead) acquire(now time.Time, tenant string, p Priority) (wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.compartments[tenant]
	if c == nil {
		c = &compartment{}
		b.compartments[tenant] = c
	}
	free := b.workers - b.busy - 1 // when this one is taken
	if b.workers > 0 && b.tenants > 1 && c.held > 0 && c.held+1 > timesFree[p]*free {
		return c.turns.next(now, now.Add(workerWait), p, workerApart, horizon)
	}
	c.held++
	b.busy++
	return 0
}

// release gives a worker back.
func (b *Bulkhead) release(tenant string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy--
	if c := b.compartments[tenant]; c.held > 1 {
		c.held--
		return
	}
	delete(b.compartments, tenant)
}
