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
	due    map[user.Key]nextReconcile
	forced map[user.Key]bool
}

// nextReconcile is when a user is reconciled next: to check for drift, or for what a resource waits for.
type nextReconcile struct {
	at         time.Time
	driftCheck bool
	raised     bool // it was queued before others once, as it was late
}

func newSchedule() *schedule {
	return &schedule{due: map[user.Key]nextReconcile{}, forced: map[user.Key]bool{}}
}

// expect notes when a user is due.
func (s *schedule) expect(key user.Key, next nextReconcile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due[key] = next
}

// restore puts back what begin returned: the reconcile came to nothing.
func (s *schedule) restore(key user.Key, due nextReconcile) {
	if !due.at.IsZero() {
		s.expect(key, due)
	}
}

// force has the next reconcile of a user go all the way: something may have changed that its
// resources do not show.
func (s *schedule) force(key user.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forced[key] = true
}

// begin notes that a user is reconciled. It returns when the user was due, zero if that is not
// known or does not matter, since the reconcile is forced.
func (s *schedule) begin(key user.Key) nextReconcile {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.due[key]
	if s.forced[key] {
		next = nextReconcile{}
	}
	delete(s.due, key)
	delete(s.forced, key)
	return next
}

// overdue returns the users whose drift check is late by now, each once.
func (s *schedule) overdue(now time.Time) (keys []user.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, next := range s.due {
		if next.driftCheck && !next.raised && next.at.Add(driftCheckPatience).Before(now) {
			keys = append(keys, key)
			next.raised = true
			s.due[key] = next
		}
	}
	return keys
}

// raisePriority queues the overdue users among the others at each tick, until ctx ends.
func (s *schedule) raisePriority(ctx context.Context, q workqueue.TypedInterface[user.Key], tick <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick:
			for _, key := range s.overdue(now) {
				q.Add(key)
			}
		}
	}
}
