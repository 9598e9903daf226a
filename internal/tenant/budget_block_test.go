package tenant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/phone"
)

func total(counts []v1alpha1.DeletionCount) (n int32) {
	for _, c := range counts {
		n += c.Count
	}
	return n
}

// Many deletions do not wait for one write of the API server each, and the status shows what was
// deleted once nothing is deleted any more.
func TestBudget_ReservesDeletionsAheadWhereTheLimitIsHigh(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	var saves int
	var stored []v1alpha1.DeletionCount
	b := NewBudget(func() time.Time { return now }, nil, func(_ context.Context, counts []v1alpha1.DeletionCount) error {
		saves, stored = saves+1, slices.Clone(counts)
		return nil
	})
	for i := range int32(1000) {
		d := Deletion{Namespace: "people", UserID: fmt.Sprint(i), Type: phone.Mobile}
		if ok, err := b.Take(t.Context(), 100_000, d); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if total(stored) <= i {
			t.Fatalf("%d deletions are allowed, and %d saved", i+1, total(stored))
		}
	}
	if saves != 10 {
		t.Errorf("%d saves, want one for 100", saves)
	}
	for _, later := range []time.Duration{59 * time.Second, time.Second, time.Second} {
		now = now.Add(later)
		if err := b.SaveExact(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if saves != 11 || total(stored) != 1000 {
		t.Errorf("%d are stored after %d saves, want 1000 after 11", total(stored), saves)
	}
}

// Whatever becomes of a save, and whenever another operator takes over: no more than the limit in any
// hour, and each deletion was saved before it is allowed.
func TestBudget_NothingIsAllowedThatIsNotSaved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		limit := int32(rapid.IntRange(100, 1500).Draw(t, "limit"))
		var stored []v1alpha1.DeletionCount
		save := func(_ context.Context, counts []v1alpha1.DeletionCount) error {
			switch rapid.IntRange(0, 7).Draw(t, "save") {
			case 0:
				return errors.New("refused")
			case 1:
				stored = slices.Clone(counts)
				return errors.New("unclear")
			}
			stored = slices.Clone(counts)
			return nil
		}
		clock := func() time.Time { return now }
		b := NewBudget(clock, nil, save)
		var taken []time.Time
		for step := range rapid.IntRange(1, 30).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 900).Draw(t, "seconds")) * time.Second)
			if rapid.IntRange(0, 4).Draw(t, "restart") == 0 {
				b = NewBudget(clock, stored, save)
			}
			namespace := rapid.SampledFrom([]string{"people", "staff"}).Draw(t, "namespace")
			for i := range rapid.IntRange(1, 200).Draw(t, "deletions") {
				d := Deletion{Namespace: namespace, UserID: fmt.Sprint(step, ".", i), Type: phone.Mobile}
				ok, _ := b.Take(t.Context(), limit, d)
				if !ok {
					continue
				}
				if rapid.IntRange(0, 9).Draw(t, "refused by Graph") == 0 {
					_ = b.Return(t.Context(), d)
					continue
				}
				taken = append(taken, now)
			}
			var hour int32
			for _, at := range taken {
				if now.Sub(at) < time.Hour {
					hour++
				}
			}
			if saved := total(recent(stored, now)); hour > limit || hour > saved {
				t.Fatalf("%d deletions within an hour, limit %d, saved %d", hour, limit, saved)
			}
		}
	})
}
