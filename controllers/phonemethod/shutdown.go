package phonemethod

import (
	"context"
	"time"
)

// shutdownGrace is how long a reconcile goes on when the operator is told to stop. A write that
// is cut off may have been done or not, and is settled only by reading; most reconciles
// need a fraction of a second to come to their end. main gives the manager longer.
const shutdownGrace = 10 * time.Second

// outlive returns a context that ends by so much later than ctx. The function that
// it returns with it has to be called.
func outlive(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(by):
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() {
		stop()
		cancel()
	}
}
