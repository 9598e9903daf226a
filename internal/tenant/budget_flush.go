package tenant

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// flush is one save of the counts, for all who changed them before it began.
type flush struct {
	done    chan struct{}
	changes []*change // guarded by the budget's mu; the first is that of the one who saves
	err     error     // valid when done is closed
}

// change is one change of the counts. It is undone, once, if it is not saved.
type change struct {
	undo   func()
	undone bool
}

// undo undoes changes. Whoever calls it holds mu.
func undo(changes ...*change) {
	for _, c := range changes {
		if !c.undone {
			c.undo()
			c.undone = true
		}
	}
}

// flush saves the counts as they are, or later. One of those who wait saves for all: the API server
// takes a moment for each write of one object, and many deletions come at once. On an error the
// change was undone by undoing, with mu held: before another save begins, if it is the save that failed.
func (b *Budget) flush(ctx context.Context, undoing func()) error {
	own := &change{undo: undoing}
	for {
		f, first := b.join(own)
		if first {
			b.write(ctx, f)
			return f.err
		}
		select {
		case <-f.done:
			if !isStop(f.err) {
				return f.err
			}
		case <-ctx.Done():
		}
		if err := ctx.Err(); err != nil {
			b.mu.Lock()
			defer b.mu.Unlock()
			undo(own)
			return err
		}
		// Only the one who saved had to stop.
	}
}

// join adds a change to the next save, and reports whether it is the first.
func (b *Budget) join(c *change) (f *flush, first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if first = b.next == nil; first {
		b.next = &flush{done: make(chan struct{})}
	}
	b.next.changes = append(b.next.changes, c)
	return b.next, first
}

// isStop reports whether a save ended because whoever saved had to stop.
func isStop(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// write does one flush, after the one before it.
func (b *Budget) write(ctx context.Context, f *flush) {
	defer close(f.done)
	select {
	case b.saving <- struct{}{}:
		defer func() { <-b.saving }()
	case <-ctx.Done():
		b.mu.Lock()
		defer b.mu.Unlock()
		if f.err = ctx.Err(); b.next == f {
			b.next = nil
		}
		undo(f.changes[0])
		return
	}
	b.mu.Lock()
	b.next = nil
	counts := slices.Clone(b.counts)
	if b.block > 0 && len(counts) > 0 {
		// Only the last minute goes on.
		last := counts[len(counts)-1].Minute
		first, _ := slices.BinarySearchFunc(counts, last, func(c v1alpha1.DeletionCount, m metav1.Time) int { return c.Minute.Compare(m.Time) })
		for i := first; i < len(counts); i++ {
			counts[i].Count += b.block / int32(len(counts)-first)
		}
	}
	// Until the answer is here, only what both have is saved for certain.
	b.reserved = least(b.reserved, counts)
	b.mu.Unlock()
	f.err = b.save(ctx, counts)
	b.mu.Lock()
	defer b.mu.Unlock()
	if f.err == nil {
		b.reserved = counts
		return
	}
	if isStop(f.err) {
		undo(f.changes[0]) // the others save it themselves
	} else {
		undo(f.changes...)
	}
	// It may be done late, over newer ones: until it can't, each deletion is saved by itself.
	b.reserved, b.exact = nil, b.now().Add(lateSave)
}

// lateSave is how long the API server may take for a save that was given up.
const lateSave = 2 * time.Minute

// SaveExact saves the counts without what was reserved ahead, once nothing was deleted for a minute,
// so that the status of the tenant shows what was deleted.
func (b *Budget) SaveExact(ctx context.Context) error {
	b.mu.Lock()
	ahead := b.block > 0 && b.now().Sub(b.lastTake) >= time.Minute
	block := b.block
	if ahead {
		b.block = 0
	}
	b.mu.Unlock()
	if !ahead {
		return nil
	}
	return b.flush(ctx, func() { b.block = max(b.block, block) }) // the status still shows more
}

// blockOf is how many deletions a save reserves ahead, so that many deletions do not wait for one
// write of the API server each: a hundredth of what is left, and at most 100. A crash loses them.
func blockOf(counts []v1alpha1.DeletionCount, limit int32) int32 {
	return min(leftOf(counts, limit)/100, 100)
}

// isWithin reports whether each count is at most the one that is reserved. Both are in order.
func isWithin(counts, reserved []v1alpha1.DeletionCount) bool {
	return slices.EqualFunc(least(counts, reserved), counts, func(a, b v1alpha1.DeletionCount) bool { return a == b })
}

// least has what both have: for each minute and namespace the lower count. Both are in order.
func least(a, b []v1alpha1.DeletionCount) []v1alpha1.DeletionCount {
	var both []v1alpha1.DeletionCount
	for len(a) > 0 && len(b) > 0 {
		switch order := orderOf(a[0], b[0]); {
		case order < 0:
			a = a[1:]
		case order > 0:
			b = b[1:]
		default:
			both = append(both, v1alpha1.DeletionCount{Minute: a[0].Minute, Namespace: a[0].Namespace, Count: min(a[0].Count, b[0].Count)})
			a, b = a[1:], b[1:]
		}
	}
	return both
}

// orderOf is the order of the counts: by minute and then namespace.
func orderOf(a, b v1alpha1.DeletionCount) int {
	return cmp.Or(a.Minute.Compare(b.Minute.Time), cmp.Compare(a.Namespace, b.Namespace))
}
