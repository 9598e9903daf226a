package tenant

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/phone"
)

// maxCounts is how many counts are kept, within what the CRD allows.
const maxCounts = 500

// Deletion is a phone that a resource of a namespace wants to be deleted.
type Deletion struct {
	Namespace string
	UserID    string
	Type      phone.Type
	Shown     phone.Reading // what Graph shows of it now
}

// Budget counts the deletions of the last hour by minute and namespace. It is safe for
// concurrent use.
//
// Never more than the limit are counted in an hour. While several namespaces wait, the
// next deletion is of the one that has spent least. A deletion that repeats another one
// is not counted: see repeats. Where the limit is high, a save reserves some deletions
// ahead: see blockOf.
type Budget struct {
	now  func() time.Time
	save func(context.Context, []v1alpha1.DeletionCount) error

	mu      sync.Mutex
	counts  []v1alpha1.DeletionCount // by minute and then namespace, none twice; not all are saved yet
	waiting waiting
	repeats repeats

	saving   chan struct{}            // full while counts are saved
	next     *flush                   // the save that has not begun; guarded by mu, as counts are
	reserved []v1alpha1.DeletionCount // what is saved for certain; guarded by mu
	block    int32                    // how many deletions the next save reserves ahead; guarded by mu
	lastTake time.Time                // guarded by mu
	exact    time.Time                // nothing is reserved ahead before; guarded by mu
}

// NewBudget goes on from counts that an earlier operator saved. Each deletion is saved before it is
// made, so that a crash counts too many rather than too few. save is called once at a time:
// what is counted meanwhile is saved together.
func NewBudget(now func() time.Time, counts []v1alpha1.DeletionCount, save func(context.Context, []v1alpha1.DeletionCount) error) *Budget {
	counts = slices.Clone(counts)
	slices.SortStableFunc(counts, orderOf)
	return &Budget{now: now, counts: counts, reserved: slices.Clone(counts), save: save, repeats: repeats{}, saving: make(chan struct{}, 1)}
}

// Created tells the budget of a phone that the operator registered for a resource of d's
// namespace.
func (b *Budget) Created(d Deletion, n phone.Number) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.repeats.created(d, n, b.now())
}

// Take counts one deletion if limit allows one more in this hour, and reports
// whether it does. On an error nothing is counted and nothing may be deleted.
func (b *Budget) Take(ctx context.Context, limit int32, d Deletion) (bool, error) {
	saved, taken := b.take(limit, d)
	if saved || !taken {
		return taken, nil
	}
	err := b.flush(ctx, func() {
		b.repeats.returned(d)
		b.uncount(d.Namespace)
	})
	return err == nil, err
}

// take counts a deletion, unless it is free, and reports whether it is saved already.
func (b *Budget) take(limit int32, d Deletion) (saved, taken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if limit > 0 && b.repeats.free(d, now) {
		b.repeats.taken(d, now)
		return true, true
	}
	counts := recent(b.counts, now)
	wait := b.untilTurn(counts, limit, d, now)
	if b.waiting.note(d, now, wait); wait > 0 {
		return false, false
	}
	b.counts = compact(add(counts, now, d.Namespace))
	b.repeats.taken(d, now)
	if b.block, b.lastTake = blockOf(b.counts, limit), now; now.Before(b.exact) {
		b.block = 0
	}
	return isWithin(b.counts, b.reserved), true
}

// Return takes back what Take counted for d: Graph refused the deletion.
func (b *Budget) Return(ctx context.Context, d Deletion) error {
	b.mu.Lock()
	if b.repeats.returned(d) || !b.uncount(d.Namespace) {
		b.mu.Unlock()
		return nil
	}
	b.mu.Unlock()
	return b.flush(ctx, func() { // it is still taken
		now := b.now()
		b.counts = compact(add(recent(b.counts, now), now, d.Namespace))
	})
}

// uncount takes a deletion of a namespace back, and reports whether there was one. It is the oldest:
// which one was not done is not known, and the others count for longer than it.
func (b *Budget) uncount(namespace string) bool {
	counts := recent(b.counts, b.now())
	for i, c := range counts {
		if c.Namespace != namespace {
			continue
		}
		if counts[i].Count--; counts[i].Count == 0 {
			counts = slices.Delete(counts, i, i+1)
		}
		b.counts = counts
		return true
	}
	return false
}

// Next returns how long until limit may allow this deletion; 0 is now. Under a limit of
// 0 that is never, and Next answers with the longest wait that there is. Whoever has to
// wait is expected back then.
func (b *Budget) Next(limit int32, d Deletion) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if limit > 0 && b.repeats.free(d, now) {
		return 0
	}
	counts := recent(b.counts, now)
	wait := b.untilTurn(counts, limit, d, now)
	if wait > 0 {
		b.waiting.note(d, now, wait)
	}
	return wait // of 0: it is waited for until it is taken
}

// Left returns how many deletions limit allows now.
func (b *Budget) Left(limit int32) int32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return leftOf(recent(b.counts, b.now()), limit)
}

// leftOf is what a limit leaves beside counts.
func leftOf(counts []v1alpha1.DeletionCount, limit int32) int32 {
	for _, c := range counts {
		limit -= c.Count
	}
	return max(limit, 0)
}

// untilTurn is how long d has to wait.
func (b *Budget) untilTurn(counts []v1alpha1.DeletionCount, limit int32, d Deletion, now time.Time) time.Duration {
	if wait := untilFree(counts, limit, now); wait > 0 {
		return wait
	}
	return b.waiting.turn(d.Namespace, spentBy(counts), now)
}

// untilFree is how long until limit allows another deletion, whosever it is.
func untilFree(counts []v1alpha1.DeletionCount, limit int32, now time.Time) time.Duration {
	over := int32(1) - limit
	for _, c := range counts {
		over += c.Count
	}
	if over <= 0 {
		return 0
	}
	for _, c := range counts {
		if over -= c.Count; over <= 0 {
			return c.Minute.Add(v1alpha1.DeletionWindow).Sub(now)
		}
	}
	return v1alpha1.DeletionWindow
}

// recent returns a copy of the counts that are in the window.
func recent(counts []v1alpha1.DeletionCount, now time.Time) []v1alpha1.DeletionCount {
	var kept []v1alpha1.DeletionCount
	for _, c := range counts {
		if now.Sub(c.Minute.Time) < v1alpha1.DeletionWindow {
			kept = append(kept, c)
		}
	}
	return kept
}

// add counts one deletion more. The clock of an operator before this one may have been
// ahead of ours: its last minute is then ours too, so that counts stay in order.
func add(counts []v1alpha1.DeletionCount, now time.Time, namespace string) []v1alpha1.DeletionCount {
	minute := metav1.NewTime(now.Truncate(time.Minute))
	if n := len(counts); n > 0 && counts[n-1].Minute.After(minute.Time) {
		minute = counts[n-1].Minute
	}
	i, found := slices.BinarySearchFunc(counts, namespace, func(c v1alpha1.DeletionCount, namespace string) int {
		return cmp.Or(c.Minute.Compare(minute.Time), cmp.Compare(c.Namespace, namespace))
	})
	if found {
		counts[i].Count++
		return counts
	}
	return slices.Insert(counts, i, v1alpha1.DeletionCount{Minute: minute, Namespace: namespace, Count: 1})
}

// compact drops the namespaces of the oldest minutes where there are too many counts: of
// these only the number is known then, which is what the limit needs.
func compact(counts []v1alpha1.DeletionCount) []v1alpha1.DeletionCount {
	for first := 0; len(counts) > maxCounts && first < len(counts); first++ {
		for first+1 < len(counts) && counts[first+1].Minute.Equal(&counts[first].Minute) {
			counts[first].Namespace, counts[first].Count = "", counts[first].Count+counts[first+1].Count
			counts = slices.Delete(counts, first+1, first+2)
		}
	}
	return counts
}

// spentBy sums the counts by namespace.
func spentBy(counts []v1alpha1.DeletionCount) map[string]int32 {
	spent := map[string]int32{}
	for _, c := range counts {
		spent[c.Namespace] += c.Count
	}
	return spent
}
