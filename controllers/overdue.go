package controllers

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
)

// late is how long a drift check may wait behind those whom somebody waits for, once it
// is due: the queue serves a lower priority only where nobody of a higher one is ready.
const late = 5 * time.Minute

// overdue knows by when each user at rest is to be looked at. It is safe for
// concurrent use.
type overdue struct {
	mu sync.Mutex
	by map[UserKey]time.Time
}

func newOverdue() *overdue { return &overdue{by: map[UserKey]time.Time{}} }

// expect notes that a user is to be looked at by then at the latest.
func (o *overdue) expect(key UserKey, by time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.by[key] = by
}

// seen notes that a user is looked at.
func (o *overdue) seen(key UserKey) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.by, key)
}

// take returns those who should have been looked at by now, once.
func (o *overdue) take(now time.Time) (keys []UserKey) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for key, by := range o.by {
		if by.Before(now) {
			keys = append(keys, key)
			delete(o.by, key)
		}
	}
	return keys
}

// hasten puts those that wait too long among the others, each time tick says so, until
// ctx ends.
func (o *overdue) hasten(ctx context.Context, q workqueue.TypedInterface[UserKey], tick <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick:
			for _, key := range o.take(now) {
				q.Add(key)
			}
		}
	}
}
