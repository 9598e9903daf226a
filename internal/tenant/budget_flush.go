package tenant

import (
	"context"
	"errors"
	"slices"
)

// flush is one save of the counts, for all who changed them before it began.
type flush struct {
	done chan struct{}
	err  error // valid when done is closed
}

// flush saves the counts as they are, or later. One of those who wait saves for all: the API server
// takes a moment for each write of one object, and many deletions come at once.
func (b *Budget) flush(ctx context.Context) error {
	for {
		b.mu.Lock()
		f, first := b.next, b.next == nil
		if first {
			f = &flush{done: make(chan struct{})}
			b.next = f
		}
		b.mu.Unlock()
		if first {
			b.write(ctx, f)
			return f.err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if ctx.Err() != nil || !errors.Is(f.err, context.Canceled) && !errors.Is(f.err, context.DeadlineExceeded) {
			return f.err
		}
		// Only the one who saved had to stop.
	}
}

// write does one flush, after the one before it.
func (b *Budget) write(ctx context.Context, f *flush) {
	defer close(f.done)
	b.saving <- struct{}{}
	defer func() { <-b.saving }()
	b.mu.Lock()
	b.next = nil
	counts := slices.Clone(b.counts)
	b.mu.Unlock()
	f.err = b.save(ctx, counts)
}
