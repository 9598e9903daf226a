package phonemethod

import (
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/entraops/phone-operator/internal/user"
)

// queue plays controller-runtime's priority queue for one worker: a key is in it
// once, at the earliest time that anybody asked for; of what is due the more
// urgent goes first, then what waited longer. A key that is added while it is
// worked on is worked on again, since it is out of the queue meanwhile.
type queue struct {
	workqueue.TypedRateLimitingInterface[user.Key] // the rest is not used

	limiter workqueue.TypedRateLimiter[user.Key]
	waiting map[user.Key]*turn
	added   int
}

type turn struct {
	at       time.Time
	priority int
	order    int
}

func newQueue() *queue {
	return &queue{
		limiter: workqueue.NewTypedItemExponentialFailureRateLimiter[user.Key](250*time.Millisecond, 5*time.Minute),
		waiting: map[user.Key]*turn{},
	}
}

// Add is how watches and the Reconciler itself add a key.
func (q *queue) Add(key user.Key) { q.add(key, 0, 0) }

// AddAfter is how the Reconciler asks for a look of its own for one resource.
func (q *queue) AddAfter(key user.Key, after time.Duration) { q.add(key, after, 0) }

func (q *queue) add(key user.Key, after time.Duration, priority int) {
	q.added++
	next := &turn{at: time.Now().Add(after), priority: priority, order: q.added}
	if was, ok := q.waiting[key]; ok {
		if was.at.Before(next.at) {
			next.at = was.at
		}
		if was.priority >= next.priority {
			next.priority, next.order = was.priority, was.order
		}
	}
	q.waiting[key] = next
}

// first returns the key whose turn is next, and when.
func (q *queue) first() (first user.Key, at time.Time, ok bool) {
	var best *turn
	for key, t := range q.waiting {
		if best == nil || t.before(best) {
			first, best = key, t
		}
	}
	if best == nil {
		return user.Key{}, time.Time{}, false
	}
	return first, best.at, true
}

func (t *turn) before(o *turn) bool {
	now := time.Now()
	due, otherDue := !t.at.After(now), !o.at.After(now)
	switch {
	case due != otherDue:
		return due
	case due && t.priority != o.priority:
		return t.priority > o.priority
	case !due && !t.at.Equal(o.at):
		return t.at.Before(o.at)
	}
	return t.order < o.order
}

// done queues a key again as the outcome of its pass says.
func (q *queue) done(key user.Key, result reconcile.Result, err error, priority int) {
	if result.Priority != nil {
		priority = *result.Priority
	}
	switch {
	case err != nil:
		q.add(key, q.limiter.When(key), priority)
	case result.RequeueAfter > 0:
		q.limiter.Forget(key)
		q.add(key, result.RequeueAfter, priority)
	default:
		q.limiter.Forget(key)
	}
}
