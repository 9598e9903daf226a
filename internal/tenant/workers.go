package tenant

import (
	"sync"
	"time"
)

// workers shares the workers out among tenants: a tenant whose Graph hangs holds
// those that are at it, for a minute if they wait for a write, and the users of
// other tenants must find one all the same.
//
// A tenant may hold so many times as many workers as are free, and one in any case.
// So one that hangs takes three quarters of them, another one three quarters of the
// rest, and so on; of sixteen, two leave one. None holds them for long, since its
// gate closes. A tenant that is alone may hold them all. The zero value has any
// number of workers. It is safe for concurrent use.
type workers struct {
	mu     sync.Mutex
	total  int // 0: any number
	busy   int
	places map[string]*places
}

// places are the workers of a tenant.
type places struct {
	held    int
	waiting turns
}

// timesFree is how many times as many workers as are free a tenant may hold. Drift
// checks leave room for what somebody waits for.
var timesFree = [...]int{urgent: 3, unhurried: 1}

// Who finds no worker comes back after workerWait at the earliest, 500 users a second:
// as many as Graph ever answers, and few enough to cost little while it answers none.
const (
	workerWait  = 50 * time.Millisecond
	workerApart = 2 * time.Millisecond
)

// enter takes a worker for a pass of a tenant, or returns how long to stay away.
func (w *workers) enter(now time.Time, tenant string, u urgency, alone bool) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.places[tenant]
	if p == nil {
		p = &places{}
		if w.places == nil {
			w.places = map[string]*places{}
		}
		w.places[tenant] = p
	}
	left := w.total - w.busy - 1 // free ones, when this pass has its own
	if w.total > 0 && !alone && p.held > 0 && p.held+1 > timesFree[u]*left {
		return p.waiting.next(now, now.Add(workerWait), u, workerApart)
	}
	p.held++
	w.busy++
	return 0
}

// leave gives a worker back.
func (w *workers) leave(tenant string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy--
	if p := w.places[tenant]; p.held > 1 {
		p.held--
		return
	}
	delete(w.places, tenant)
}
