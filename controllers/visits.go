package controllers

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"

	"github.com/entraops/phone-operator/internal/user"
)

// late is how long a drift check may wait behind those whom somebody waits for, once it
// is due: the queue serves a lower priority only where nobody of a higher one is ready.
const late = 5 * time.Minute

// visits knows when each user is due to be looked at, and which are to be looked at
// whatever is due. It is safe for concurrent use.
type visits struct {
	mu     sync.Mutex
	due    map[user.Key]visit
	forced map[user.Key]bool
}

// visit is the next look at a user: at rest a drift check, else one that something waits for.
type visit struct {
	at   time.Time
	rest bool
}

func newVisits() *visits {
	return &visits{due: map[user.Key]visit{}, forced: map[user.Key]bool{}}
}

// expect notes when a user is due.
func (v *visits) expect(key user.Key, next visit) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.due[key] = next
}

// force has the next look at a user go all the way: something may have changed that its
// resources do not show.
func (v *visits) force(key user.Key) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.forced[key] = true
}

// begin notes that a user is looked at. It returns when the user was due, the zero visit
// if that is not known or does not matter, since the look is forced.
func (v *visits) begin(key user.Key) visit {
	v.mu.Lock()
	defer v.mu.Unlock()
	next := v.due[key]
	if v.forced[key] {
		next = visit{}
	}
	delete(v.due, key)
	delete(v.forced, key)
	return next
}

// overdue returns the users at rest whose check is late by now, once.
func (v *visits) overdue(now time.Time) (keys []user.Key) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for key, next := range v.due {
		if next.rest && next.at.Add(late).Before(now) {
			keys = append(keys, key)
			delete(v.due, key)
		}
	}
	return keys
}

// hasten puts those that wait too long among the others, each time tick says so, until
// ctx ends.
func (v *visits) hasten(ctx context.Context, q workqueue.TypedInterface[user.Key], tick <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick:
			for _, key := range v.overdue(now) {
				q.Add(key)
			}
		}
	}
}
