package tenant

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/phone"
)

func most(done []time.Time) int {
	slices.SortFunc(done, time.Time.Compare)
	worst := 0
	for i := range done {
		n := 0
		for _, d := range done[i:] {
			if d.Sub(done[i]) < time.Hour {
				n++
			}
		}
		worst = max(worst, n)
	}
	return worst
}

// Graph refuses earlier deletions minutes later: what a later one counts for must stay.
func TestBudget_ReturnForgetsNoLaterDeletion(t *testing.T) {
	c := newCrowd(5)
	c.now = time.Date(2026, 1, 1, 10, 0, 30, 0, time.UTC)
	if c.takes(t, 0, 1, 2, 3) != 4 { // at 10:00; Graph answers slowly
		t.Fatal("take")
	}
	c.now = c.now.Add(5 * time.Minute)
	done := c.takes(t, 4) // at 10:05, done at once
	for i := range 4 {    // Graph refuses the four; others are done instead
		must(t, c.Return(t.Context(), ofUser(i)))
	}
	c.now = time.Date(2026, 1, 1, 11, 1, 0, 0, time.UTC)
	if done += c.takes(t, 10, 11, 12, 13, 14, 15); done > 5 {
		t.Errorf("%d deletions within an hour, limit 5", done)
	}
}

// A save that begins in one minute and fails in the next one takes the wrong count back.
func TestBudget_FailedSaveOverTheMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := slowly{fail: func(save int) error {
			if save == 1 {
				return errors.New("no")
			}
			return nil
		}}
		b := NewBudget(time.Now, nil, server.save)
		const limit = 2
		var mu sync.Mutex
		var done []time.Time
		try := func(i int) {
			if ok, _ := b.Take(t.Context(), limit, ofUser(i)); ok {
				mu.Lock()
				done = append(done, time.Now())
				mu.Unlock()
			}
		}
		<-time.After(59*time.Second + 500*time.Millisecond)
		var all sync.WaitGroup
		all.Go(func() { try(0) }) // :59.5, fails at 1:00.5
		<-time.After(700 * time.Millisecond)
		all.Go(func() { try(1) }) // 1:00.2
		all.Wait()
		<-time.After(time.Until(time.Now().Truncate(time.Hour).Add(time.Hour + time.Minute)))
		b.save = func(context.Context, []v1alpha1.DeletionCount) error { return nil }
		for i := range 5 {
			all.Go(func() { try(2 + i) })
		}
		all.Wait()
		t.Logf("%v %+v", done, b.counts)
		if n := most(done); n > limit {
			t.Errorf("%d deletions within an hour, limit %d: %v", n, limit, done)
		}
	})
}

// A deletion is counted at the minute of Take, and made after the save (and two looks at Graph).
func TestBudget_SlowSave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := 90 * time.Second
		b := NewBudget(time.Now, nil, func(context.Context, []v1alpha1.DeletionCount) error { <-time.After(slow); return nil })
		const limit = 2
		var done []time.Time
		<-time.After(59 * time.Second)
		var mu sync.Mutex
		try := func(i int) {
			if ok, _ := b.Take(t.Context(), limit, ofUser(i)); ok {
				mu.Lock()
				done = append(done, time.Now())
				mu.Unlock()
			}
		}
		var all sync.WaitGroup
		for i := range 2 {
			all.Go(func() { try(i) })
		}
		all.Wait()
		slow = 0
		<-time.After(time.Until(time.Now().Truncate(time.Hour).Add(time.Hour + time.Minute)))
		for i := range 5 {
			try(2 + i)
		}
		t.Logf("%v %+v", done, b.counts)
		if n := most(done); n > limit {
			t.Errorf("%d deletions within an hour, limit %d: %v", n, limit, done)
		}
	})
}

// An unclear save (the client gave up) is applied by the API server after the next one: PATCH has no resourceVersion.
func TestBudget_UnclearSaveAppliedLate(t *testing.T) {
	for name, unclear := range map[string]func(*crowd){
		"of a deletion":      func(c *crowd) { c.takes(t, 0) },
		"of the exact count": func(c *crowd) { c.now = c.now.Add(2 * time.Minute); _ = c.SaveExact(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCrowd(20_000)
			allowed := c.takes(t, 500)
			c.fail = func() error { return context.DeadlineExceeded }
			unclear(c)
			c.fail = nil
			for i := range 101 { // one save, block of 100
				allowed += c.takes(t, i)
				if i == 0 {
					c.saved = c.lost // the zombie lands
				}
			}
			if stored := int(total(c.saved)); stored < allowed {
				t.Errorf("stored %d, allowed %d: a crash now forgets %d", stored, allowed, allowed-stored)
			}
		})
	}
}

func TestBudget_SaveExactIsTriedAgain(t *testing.T) {
	c := newCrowd(20_000)
	c.takes(t, 0)
	c.now = c.now.Add(2 * time.Minute)
	c.fail = func() error { return errors.New("no") }
	if c.SaveExact(t.Context()) == nil {
		t.Fatal("no error")
	}
	c.fail = nil
	for range 3 {
		c.now = c.now.Add(time.Minute)
		must(t, c.SaveExact(t.Context()))
	}
	if stored := total(c.saved); stored != 1 {
		t.Errorf("stored %d, want 1 exactly", stored)
	}
}

// One that stops while another save hangs: does Take return when its context ends?
func TestBudget_TakeHeedsItsContextBehindASave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		b := NewBudget(time.Now, nil, func(context.Context, []v1alpha1.DeletionCount) error { <-release; return nil })
		go func() { _, _ = b.Take(context.Background(), 10, ofUser(0)) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		done := make(chan struct{})
		go func() { _, _ = b.Take(ctx, 10, ofUser(1)); close(done) }()
		<-time.After(time.Minute)
		select {
		case <-done:
		default:
			t.Error("Take still waits a minute after its context ended")
		}
		close(release)
		synctest.Wait()
	})
}

// Model: goroutines, namespaces, failing and unclear saves (either old or new is stored), crashes, edits of the limit.
// returns: whether deletions are given back in the minute in which they were taken.
func TestBudget_HostileModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		rounds := rapid.IntRange(1, 25).Draw(rt, "rounds")
		limit := rapid.SampledFrom([]int32{1, 3, 250, 1000, 100000}).Draw(rt, "limit")
		edit := rapid.Bool().Draw(rt, "edit")
		wide := rapid.Bool().Draw(rt, "wide")
		steps := rapid.SliceOfN(rapid.IntRange(0, 9), rounds, rounds).Draw(rt, "steps")
		var bad string
		synctest.Test(t, func(t *testing.T) {
			rnd := seed
			next := func(n int) int { rnd = rnd*6364136223846793005 + 1442695040888963407; return int(rnd>>33) % n }
			var mu sync.Mutex
			var stored []v1alpha1.DeletionCount
			var done []time.Time
			total := func() (n int) {
				for _, c := range stored {
					if time.Since(c.Minute.Time) < v1alpha1.DeletionWindow {
						n += int(c.Count)
					}
				}
				return
			}
			save := func(ctx context.Context, counts []v1alpha1.DeletionCount) error {
				mu.Lock()
				how, wait := next(6), next(3000)
				mu.Unlock()
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(time.Duration(wait) * time.Millisecond / 100):
				}
				mu.Lock()
				defer mu.Unlock()
				if len(counts) > 1000 {
					bad = "too many counts"
				}
				switch how {
				case 0:
					return errors.New("no")
				case 1:
					stored = slices.Clone(counts)
					return context.DeadlineExceeded
				}
				stored = slices.Clone(counts)
				return nil
			}
			b := NewBudget(time.Now, nil, save)
			most0 := limit
			for r, step := range steps {
				switch {
				case step == 0: // crash
					mu.Lock()
					b = NewBudget(time.Now, slices.Clone(stored), save)
					mu.Unlock()
				case step == 1:
					_ = b.SaveExact(t.Context())
				case step == 2 && edit:
					mu.Lock()
					limit = []int32{1, 5, 300, 1000}[next(4)]
					mu.Unlock()
					most0 = max(most0, limit)
				}
				var all sync.WaitGroup
				for i := range 30 {
					all.Go(func() {
						mu.Lock()
						l, ns, stop := limit, next(3), next(10)
						if wide {
							ns = next(700)
						}
						mu.Unlock()
						ctx, cancel := t.Context(), func() {}
						if stop == 0 {
							ctx, cancel = context.WithTimeout(ctx, 5*time.Millisecond)
						}
						defer cancel()
						d := Deletion{Namespace: string(rune('a' + ns)), UserID: string(rune(1000 + r*100 + i)), Type: phone.Mobile}
						if ok, _ := b.Take(ctx, l, d); ok {
							mu.Lock()
							done = append(done, time.Now())
							recentDone := 0
							for _, at := range done {
								if time.Since(at) < time.Hour {
									recentDone++
								}
							}
							if n := total(); n < recentDone {
								bad = "not saved before it was allowed"
							}
							mu.Unlock()
						}
					})
				}
				if step == 3 {
					all.Go(func() { _ = b.SaveExact(t.Context()) })
				}
				all.Wait()
				<-time.After(time.Duration(next(600)) * time.Second)
			}
			if n := most(done); n > int(most0) && bad == "" {
				bad = "over the limit"
			}
		})
		if bad != "" {
			rt.Fatal(bad)
		}
	})
}
