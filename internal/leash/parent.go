package leash

import (
	"context"
	"os"
	"time"
)

// UntilOrphaned is done when ctx is, or when the process that started this one has ended and another adopted it: a
// signal to make or to go run ends those, and does not come through to here.
func UntilOrphaned(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	parent := os.Getppid()
	go func() {
		defer cancel()
		for os.Getppid() == parent {
			select {
			case <-ctx.Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return ctx
}
