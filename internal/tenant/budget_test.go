package tenant

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/phone"
)

// one is a deletion like any other.
var one = Deletion{Namespace: "people", UserID: "ada", Type: phone.Mobile}

func TestTheWaitIsForAsManyMinutesAsTheLimitWants(t *testing.T) {
	c := newCrowd(0)
	c.now = c.now.Truncate(time.Minute)
	c.saved = []v1alpha1.DeletionCount{
		{Minute: metav1.NewTime(c.now.Add(-20 * time.Minute)), Count: 2}, {Minute: metav1.NewTime(c.now.Add(-10 * time.Minute)), Count: 3},
	}
	c.restart()
	for limit, want := range map[int32]time.Duration{
		6: 0, 5: 43 * time.Minute, 4: 43 * time.Minute, 3: 53 * time.Minute, 1: 53 * time.Minute, 0: 63 * time.Minute,
	} {
		if got := c.Next(limit, one); got != want {
			t.Errorf("Next(%d) = %v, want %v", limit, got, want)
		}
	}
}

// Which of them was not done is not known, and those that are left must count for long enough.
func TestWhatIsGivenBackIsTheOldestOneTaken(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	early, late := metav1.NewTime(now.Add(-10*time.Minute)), metav1.NewTime(now)
	for name, tc := range map[string]struct{ before, after []v1alpha1.DeletionCount }{
		"nothing":                {nil, nil},
		"nothing that counts":    {[]v1alpha1.DeletionCount{{Minute: metav1.NewTime(now.Add(-2 * time.Hour)), Namespace: "people", Count: 1}}, nil},
		"one of several":         {[]v1alpha1.DeletionCount{{Minute: early, Namespace: "people", Count: 1}, {Minute: late, Namespace: "people", Count: 2}}, []v1alpha1.DeletionCount{{Minute: late, Namespace: "people", Count: 2}}},
		"the only one of a time": {[]v1alpha1.DeletionCount{{Minute: early, Namespace: "people", Count: 2}, {Minute: late, Namespace: "people", Count: 1}}, []v1alpha1.DeletionCount{{Minute: late, Namespace: "people", Count: 2}}},
		"the only one":           {[]v1alpha1.DeletionCount{{Minute: late, Namespace: "people", Count: 1}}, []v1alpha1.DeletionCount{}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCrowd(0)
			c.now, c.saved = now, tc.before
			c.restart()
			down := errors.New("the API server is away")
			c.fail = func() error { return down }
			if err := c.Return(t.Context(), one); tc.after != nil && !errors.Is(err, down) {
				t.Errorf("Return() = %v", err)
			}
			c.fail = nil // what could not be saved is still taken: once more
			must(t, c.Return(t.Context(), one))
			if diff := cmp.Diff(tc.after, c.saved); tc.after != nil && diff != "" || tc.after == nil && c.saves != 0 {
				t.Errorf("%d saves: %s", c.saves, diff)
			}
		})
	}
}

func TestNothingIsDeletedThatCannotBeCounted(t *testing.T) {
	c := newCrowd(1)
	c.fail = func() error { return errors.New("no") }
	if ok, err := c.Take(t.Context(), 1, one); ok || err == nil {
		t.Errorf("Take said %v, %v", ok, err)
	}
}

// The list is a map by the minute for the API server, which takes none that has a
// minute twice. Operators that follow each other may have different clocks.
func TestNoMinuteIsSavedTwiceWhateverTheClocksSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		now, latest := began, began
		clock := func() time.Time { return now }
		var saved []v1alpha1.DeletionCount
		var taken int32
		save := func(_ context.Context, counts []v1alpha1.DeletionCount) error {
			saved = slices.Clone(counts)
			for i, c := range saved {
				if i > 0 && !c.Minute.After(saved[i-1].Minute.Time) {
					t.Fatalf("not in order, or twice the same: %v", saved)
				}
			}
			return nil
		}
		b := NewBudget(clock, nil, save)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
			if rapid.IntRange(0, 4).Draw(t, "another operator") == 0 {
				now = now.Add(time.Duration(rapid.IntRange(-300, 300).Draw(t, "its clock")) * time.Second)
				b = NewBudget(clock, saved, save)
			}
			if now.After(latest) {
				latest = now
			}
			if ok, err := b.Take(t.Context(), 100, one); !ok || err != nil {
				t.Fatal(ok, err)
			}
			taken++
		}
		var counted int32
		for _, c := range saved {
			counted += c.Count
		}
		if latest.Sub(began) < v1alpha1.DeletionWindow-time.Minute && counted != taken { // none is old enough to be left out
			t.Fatalf("%d deletions, %d counted: %v", taken, counted, saved)
		}
	})
}

func TestCountsThatWereSavedOutOfOrderAreTakenUp(t *testing.T) {
	c := newCrowd(3)
	minute := func(n int) metav1.Time {
		return metav1.NewTime(c.now.Truncate(time.Minute).Add(time.Duration(n) * time.Minute))
	}
	stored := []v1alpha1.DeletionCount{{Minute: minute(0), Namespace: "people", Count: 1}, {Minute: minute(-2), Namespace: "people", Count: 1}} // the cache's
	c.saved = stored
	c.restart()
	if ok, err := c.Take(t.Context(), 3, one); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if diff := cmp.Diff([]v1alpha1.DeletionCount{{Minute: minute(-2), Namespace: "people", Count: 1}, {Minute: minute(0), Namespace: "people", Count: 2}}, c.saved); diff != "" {
		t.Error(diff)
	}
	if !stored[0].Minute.Equal(new(minute(0))) {
		t.Error("the stored counts were put in order in place")
	}
}
