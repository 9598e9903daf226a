package phonemethod

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"

	"github.com/entraops/phone-operator/internal/user"
)

// driftCheckPatience is how long a drift check may wait behind users whom somebody waits for,
// once it is due: the queue serves a lower priority only where no user of a higher one is ready.
const driftCheckPatience = 5 * time.Minute

// schedule knows when each user is due to be reconciled, and which are to be reconciled
// whatever is due. It is safe for concurrent use.
type schedule struct {
	mu     sync.Mutex
	due    map[user.Key]visit
	forced map[user.Key]bool
}

// visit is the next reconcile of a user: at rest a drift check, else one that something waits for.
type visit struct {
	at     time.Time
	rest   bool
	raised bool // it was queued before others once, as it was late
}

func newSchedule() *schedule {
	return &schedule{due: map[user.Key]visit{}, forced: map[user.Key]bool{}}
}

// expect notes when a user is due.
func (v *schedule) expect(key user.Key, next visit) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.due[key] = next
}

// restore puts back what begin returned: the reconcile came to nothing.
func (v *schedule) restore(key user.Key, due visit) {
	if !due.at.IsZero() {
		v.expect(key, due)
	}
}

// force has the next reconcile of a user go all the way: something may have changed that its
// resources do not show.
func (v *schedule) force(key user.Key) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.forced[key] = true
}

// begin notes that a user is reconciled. It returns when the user was due, the zero visit
// if that is not known or does not matter, since the reconcile is forced.
func (v *schedule) begin(key user.Key) visit {
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
func (v *schedule) overdue(now time.Time) (keys []user.Key) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for key, next := range v.due {
		if next.rest && !next.raised && next.at.Add(driftCheckPatience).Before(now) {
			keys = append(keys, key)
			next.raised = true
			v.due[key] = next
		}
	}
	return keys
}

// raisePriority queues those that wait too long among the others, each time tick says so, until
// ctx ends.
func (v *schedule) raisePriority(ctx context.Context, q workqueue.TypedInterface[user.Key], tick <-chan time.Time) {
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
