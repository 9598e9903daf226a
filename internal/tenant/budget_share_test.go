package tenant

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/phone"
)

// crowd are deletions of several namespaces that ask as the operator has them ask: when
// they were told to, or somewhat later. There is always more to delete.
type crowd struct {
	now   time.Time
	limit int32
	saved []v1alpha1.DeletionCount
	saves int
	fail  func() error             // what becomes of a save; nil: it is stored
	lost  []v1alpha1.DeletionCount // by the last save that failed
	*Budget
	next  map[Deletion]time.Time // when who asks again
	taken map[string][]time.Time
}

func newCrowd(limit int32) *crowd {
	c := &crowd{
		now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), limit: limit,
		next: map[Deletion]time.Time{}, taken: map[string][]time.Time{},
	}
	c.restart()
	return c
}

func (c *crowd) restart() {
	c.Budget = NewBudget(func() time.Time { return c.now }, c.saved, func(_ context.Context, counts []v1alpha1.DeletionCount) error {
		c.saves++
		if c.fail != nil {
			if err := c.fail(); err != nil {
				c.lost = slices.Clone(counts)
				return err
			}
		}
		c.saved = slices.Clone(counts)
		return nil
	})
}

// takes has so many users' phones deleted, and counts those that may be.
func (c *crowd) takes(t *testing.T, users ...int) (allowed int) {
	t.Helper()
	for _, i := range users {
		if ok, _ := c.Take(t.Context(), c.limit, ofUser(i)); ok {
			allowed++
		}
	}
	return allowed
}

// wants has a namespace delete the phones of n users, from now on.
func (c *crowd) wants(namespace string, n int) {
	for i := range n {
		d := Deletion{Namespace: namespace, UserID: fmt.Sprint(namespace, i), Type: phone.Mobile}
		c.next[d] = c.now
	}
}

// play lets time pass, and whoever's time has come ask. late draws by how much, in
// thousandths of the wait; again reports whether a deletion that was done is followed by one
// more.
func (c *crowd) play(t *rapid.T, until time.Duration, late func() int, again bool) {
	for end := c.now.Add(until); ; {
		var who *Deletion
		for d, at := range c.next {
			if who == nil || at.Before(c.next[*who]) || at.Equal(c.next[*who]) && d.UserID < who.UserID {
				who = &d
			}
		}
		if who == nil || c.next[*who].After(end) {
			c.now = end
			return
		}
		if c.next[*who].After(c.now) {
			c.now = c.next[*who]
		}
		if wait := c.Next(c.limit, *who); wait > 0 {
			c.next[*who] = c.now.Add(wait + wait*time.Duration(late())/1000)
			continue
		}
		ok, err := c.Take(t.Context(), c.limit, *who)
		if err != nil || !ok {
			t.Fatalf("Next lets %s through, Take does not: %v, %v", who.Namespace, ok, err)
		}
		c.taken[who.Namespace] = append(c.taken[who.Namespace], c.now)
		c.next[*who] = c.now.Add(time.Second)
		if !again {
			delete(c.next, *who)
		}
	}
}

// within counts the deletions of a namespace in a span of time.
func (c *crowd) within(namespace string, from time.Time, span time.Duration) (n int32) {
	for _, at := range c.taken[namespace] {
		if !at.Before(from) && at.Before(from.Add(span)) {
			n++
		}
	}
	return n
}

// A namespace that spent everything leaves their share to those who come later, from the
// time on that anything is free, restarts or not.
func TestANamespaceThatWaitsGetsItsShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCrowd(int32(rapid.IntRange(2, 12).Draw(t, "limit")))
		jitter := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		late := func() int { return jitter.IntN(51) }
		began := c.now
		c.wants("greedy", int(c.limit)) // so many that some always wait
		c.play(t, time.Duration(rapid.IntRange(0, 7200).Draw(t, "alone"))*time.Second, late, true)
		others := []string{"one", "two", "three"}[:rapid.IntRange(1, min(3, int(c.limit)-1)).Draw(t, "others")]
		for _, name := range others {
			c.wants(name, int(c.limit))
		}
		if rapid.Bool().Draw(t, "restart") {
			c.restart()
			for d := range c.next {
				c.next[d] = c.now // all ask again
			}
		}
		const settled = 2 * (v1alpha1.DeletionWindow + lateness)
		c.play(t, settled, late, true)
		from := c.now
		const span = v1alpha1.DeletionWindow + 2*lateness
		c.play(t, span, late, true)
		share := c.limit / int32(len(others)+1)
		for _, name := range append(others, "greedy") {
			if n := c.within(name, from, span); n < share {
				t.Errorf("%s got %d of its share of %d: %v", name, n, share, c.saved)
			}
		}
		for at := began; at.Before(c.now); at = at.Add(time.Minute) {
			var all int32
			for name := range c.taken {
				all += c.within(name, at, time.Hour)
			}
			if all > c.limit {
				t.Fatalf("%d deletions in an hour, limit %d", all, c.limit)
			}
		}
	})
}

// One deletion is not held up by hundreds of another namespace that waited longer.
func TestAFewDeletionsDoNotWaitForMany(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCrowd(3)
		jitter := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		late := func() int { return jitter.IntN(51) }
		c.wants("greedy", 40)
		c.play(t, time.Minute, late, false)
		c.now = c.now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "later")) * time.Second)
		c.wants("late", 1)
		c.play(t, v1alpha1.DeletionWindow+lateness, late, false)
		if n := len(c.taken["late"]); n != 1 {
			t.Fatalf("it still waits: %v", c.saved)
		}
	})
}

// Who is alone has all of it, and who does not come back holds nobody up for long.
func TestANamespaceThatNoOtherWaitsBesideHasTheWholeLimit(t *testing.T) {
	c := newCrowd(4)
	gone := Deletion{Namespace: "gone", UserID: "gone", Type: phone.Office}
	mine := Deletion{Namespace: "mine", UserID: "mine", Type: phone.Office}
	take := func(n int) {
		t.Helper()
		for range n {
			if ok, err := c.Take(t.Context(), 4, mine); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
	}
	take(2)
	c.now = c.now.Add(10 * time.Minute)
	take(2)
	wait := c.Next(4, gone) // its resource is taken away by hand while it waits
	c.now = c.now.Add(wait)
	if again := c.Next(4, mine); again <= 0 || again > lateness {
		t.Errorf("it is not waited for: %v", again)
	}
	c.now = c.now.Add(lateness)
	take(2)
	c.now = c.now.Add(10 * time.Minute)
	take(2)
}

// With a higher limit everybody is woken, but who is gone.
func TestAHigherLimitIsNotLeftToWhoIsGoneForLong(t *testing.T) {
	c := newCrowd(2)
	mine := Deletion{Namespace: "mine", UserID: "mine", Type: phone.Office}
	for range 2 {
		if ok, err := c.Take(t.Context(), 2, mine); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	for _, user := range []string{"ada", "ben", "cora"} {
		c.Next(2, Deletion{Namespace: "gone", UserID: user, Type: phone.Office})
	}
	if wait := c.Next(3, mine); wait != lateness {
		t.Fatalf("it is left to others for %v", wait)
	}
	c.now = c.now.Add(lateness)
	if wait := c.Next(3, mine); wait != 0 {
		t.Errorf("it is still left to others, for %v", wait)
	}
}

func TestTooManyCountsKeepTheNumberAndDropTheNamesOfTheOldest(t *testing.T) {
	c := newCrowd(10_000)
	c.now = c.now.Truncate(time.Minute)
	const minutes, namespaces = 20, 40
	for minute := range minutes {
		for i := range namespaces {
			d := Deletion{Namespace: fmt.Sprintf("n%02d", i), UserID: fmt.Sprint(minute), Type: phone.Mobile}
			if ok, err := c.Take(t.Context(), c.limit, d); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		c.now = c.now.Add(time.Minute)
	}
	must(t, c.SaveExact(t.Context()))
	saved := c.saved
	if all := total(saved); all != minutes*namespaces || len(saved) > maxCounts {
		t.Errorf("%d deletions in %d counts", all, len(saved))
	}
	want := v1alpha1.DeletionCount{Minute: metav1.NewTime(c.now.Add(-minutes * time.Minute)), Count: namespaces}
	if diff := cmp.Diff(want, saved[0]); diff != "" {
		t.Error(diff)
	}
	if last := saved[len(saved)-1]; last.Namespace != "n39" || last.Count != 1 {
		t.Errorf("the newest is %+v", last)
	}
	if wait := c.Next(minutes*namespaces, one); wait <= 0 {
		t.Error("what was merged does not count")
	}
}

// Some requests lie between the answer that a deletion may begin, and the deletion.
func TestADeletionThatIsAboutToBeginIsNotForestalled(t *testing.T) {
	c := newCrowd(1)
	greedy := func(user string) Deletion { return Deletion{Namespace: "greedy", UserID: user, Type: phone.Office} }
	patient := Deletion{Namespace: "patient", UserID: "ada", Type: phone.Office}
	take := func(limit int32, d Deletion, want bool) {
		t.Helper()
		if ok, err := c.Take(t.Context(), limit, d); ok != want || err != nil {
			t.Errorf("Take(%s) = %v, %v; want %v", d.Namespace, ok, err, want)
		}
	}
	take(1, greedy("ben"), true)
	if c.Next(1, patient) == 0 {
		t.Fatal("the limit allows two")
	}
	if wait := c.Next(2, patient); wait != 0 {
		t.Fatalf("it waits for %v under the higher limit", wait)
	}
	take(2, greedy("cora"), false)
	take(2, patient, true)
}
