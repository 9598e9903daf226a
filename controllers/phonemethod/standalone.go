package phonemethod

import (
	"time"

	"k8s.io/client-go/util/workqueue"

	"github.com/entraops/phone-operator/internal/user"
)

// WithoutManager makes r ready for whoever calls Reconcile itself, without watches, as a preview does. It counts as one
// that has been at work for long: no write of an operator before it is expected to arrive. queue is
// told of a user who is found under another name, and of what is due later.
func (r *Reconciler) WithoutManager(queue workqueue.TypedRateLimitingInterface[user.Key]) {
	r.memory, r.queue = newMemory(time.Time{}), queue
}
