package preview

import (
	"time"

	"k8s.io/client-go/util/workqueue"

	"github.com/entraops/phone-operator/internal/user"
)

// queue holds the users who are to be reconciled, each once at a time. What is due later is left to the operator.
type queue struct {
	workqueue.TypedRateLimitingInterface[user.Key] // the rest is not used
	waiting                                        []user.Key
	waits                                          map[user.Key]bool
}

// Add queues a user, unless the user waits already.
func (q *queue) Add(key user.Key) {
	if q.waits == nil {
		q.waits = map[user.Key]bool{}
	}
	if !q.waits[key] {
		q.waits[key], q.waiting = true, append(q.waiting, key)
	}
}

// AddAfter is for what a preview does not wait for.
func (q *queue) AddAfter(user.Key, time.Duration) {}

func (q *queue) next() (key user.Key, ok bool) {
	if len(q.waiting) == 0 {
		return key, false
	}
	key, q.waiting = q.waiting[0], q.waiting[1:]
	delete(q.waits, key)
	return key, true
}
