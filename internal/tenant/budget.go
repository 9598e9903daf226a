package tenant

import (
	"context"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// window is how long a deletion counts: an hour, and the minute that it is counted in,
// of which only the beginning is known.
const window = time.Hour + time.Minute

// Budget counts the deletions of the last hour by the minute. It is safe for
// concurrent use.
type Budget struct {
	now  func() time.Time
	save func(context.Context, []v1alpha1.DeletionCount) error

	mu     sync.Mutex
	counts []v1alpha1.DeletionCount // oldest first, no minute twice
}

// NewBudget goes on from counts that an earlier operator saved. save is called
// before each deletion, so that a crash counts one too many rather than too few.
func NewBudget(now func() time.Time, counts []v1alpha1.DeletionCount, save func(context.Context, []v1alpha1.DeletionCount) error) *Budget {
	counts = slices.Clone(counts)
	slices.SortStableFunc(counts, func(a, b v1alpha1.DeletionCount) int { return a.Minute.Compare(b.Minute.Time) })
	return &Budget{now: now, counts: counts, save: save}
}

// Take counts one deletion if limit allows one more in this hour, and says
// whether it does. On an error nothing is counted and nothing may be deleted.
func (b *Budget) Take(ctx context.Context, limit int32) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	counts := recent(b.counts, now)
	var spent int32
	for _, c := range counts {
		spent += c.Count
	}
	if spent >= limit {
		return false, nil
	}
	minute := metav1.NewTime(now.Truncate(time.Minute))
	// The clock of an operator before this one may have been ahead of ours: a minute
	// that is there already must not come again, or the API server takes none of them.
	if n := len(counts); n > 0 && !minute.After(counts[n-1].Minute.Time) {
		counts[n-1].Count++
	} else {
		counts = append(counts, v1alpha1.DeletionCount{Minute: minute, Count: 1})
	}
	if err := b.save(ctx, counts); err != nil {
		return false, err
	}
	b.counts = counts
	return true, nil
}

// Return takes back what Take counted: Graph refused the deletion.
func (b *Budget) Return(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	counts := recent(b.counts, b.now())
	n := len(counts)
	if n == 0 {
		return nil
	}
	if counts[n-1].Count--; counts[n-1].Count == 0 {
		counts = counts[:n-1]
	}
	if err := b.save(ctx, counts); err != nil {
		return err
	}
	b.counts = counts
	return nil
}

// Next returns how long until limit allows another deletion; 0 is now. Under a
// limit of 0 that is never, and Next answers with the longest wait that there is.
func (b *Budget) Next(limit int32) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	counts := recent(b.counts, now)
	over := int32(1) - limit
	for _, c := range counts {
		over += c.Count
	}
	if over <= 0 {
		return 0
	}
	for _, c := range counts {
		if over -= c.Count; over <= 0 {
			return c.Minute.Add(window).Sub(now)
		}
	}
	return window
}

// recent returns a copy of the counts that are in the window.
func recent(counts []v1alpha1.DeletionCount, now time.Time) []v1alpha1.DeletionCount {
	var kept []v1alpha1.DeletionCount
	for _, c := range counts {
		if now.Sub(c.Minute.Time) < window {
			kept = append(kept, c)
		}
	}
	return kept
}
