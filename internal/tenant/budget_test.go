package tenant

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

func discard(context.Context, []v1alpha1.DeletionCount) error { return nil }

// TestNoMoreThanTheLimitInAnyHour draws deletions over hours, restarts in
// between, and counts what was let through in every window.
func TestNoMoreThanTheLimitInAnyHour(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		clock := func() time.Time { return now }
		limit := int32(rapid.IntRange(0, 5).Draw(t, "limit"))
		var saved []v1alpha1.DeletionCount
		save := func(_ context.Context, counts []v1alpha1.DeletionCount) error { saved = counts; return nil }
		b := NewBudget(clock, nil, save)
		var taken []time.Time
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 2000).Draw(t, "seconds")) * time.Second)
			if rapid.IntRange(0, 4).Draw(t, "restart") == 0 {
				b = NewBudget(clock, saved, save)
			}
			free := b.Next(limit) == 0
			ok, err := b.Take(t.Context(), limit)
			if err != nil || ok != free {
				t.Fatalf("Next said free=%v, Take %v, %v", free, ok, err)
			}
			if ok {
				taken = append(taken, now)
			}
		}
		for i, first := range taken {
			var n int32
			for _, at := range taken[i:] {
				if at.Sub(first) < window-time.Minute { // minutes are counted whole
					n++
				}
			}
			if n > limit {
				t.Fatalf("%d deletions within an hour of %v, limit %d", n, first, limit)
			}
		}
		if len(saved) > 61 {
			t.Fatalf("%d minutes are kept", len(saved))
		}
	})
}

func TestTheWaitForTheBudgetEndsWhenItSays(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	b := NewBudget(func() time.Time { return now }, nil, discard)
	if ok, err := b.Take(t.Context(), 1); !ok || err != nil {
		t.Fatal(ok, err)
	}
	now = now.Add(b.Next(1) - time.Second)
	if ok, _ := b.Take(t.Context(), 1); ok {
		t.Error("a deletion before its time")
	}
	now = now.Add(time.Second)
	if ok, _ := b.Take(t.Context(), 1); !ok {
		t.Error("no deletion when its time had come")
	}
}

func TestNothingIsDeletedThatCannotBeCounted(t *testing.T) {
	b := NewBudget(time.Now, nil, func(context.Context, []v1alpha1.DeletionCount) error { return errors.New("no") })
	if ok, err := b.Take(t.Context(), 1); ok || err == nil {
		t.Errorf("Take said %v, %v", ok, err)
	}
}
