package throttle

import (
	"context"
	"errors"
	"testing"
	"time"
)

// rejection is the rejection that an error is; nil: none.
func rejection(err error) *Rejected {
	r, _ := errors.AsType[*Rejected](err)
	return r
}

// admit admits a reconcile that asks the directory.
func (t *Throttle) admit(p Priority) (context.Context, *Ticket, *Rejected) {
	ctx, ticket, err := t.Admit(context.Background(), p, Directory)
	return ctx, ticket, rejection(err)
}

func TestNothingIsAdmittedDuringAPause(t *testing.T) {
	th, clock := newThrottle()
	ctx, ticket, _ := th.admit(High)
	clock.exchange(th, 429, said("Retry-After", "7"))
	for _, needs := range [][]Class{{Directory}, {Authentication}, {Directory, Authentication}} {
		_, _, err := th.Admit(t.Context(), High, needs...)
		if r := rejection(err); r == nil || r.Reason != Paused || r.RetryAfter < 7*time.Second {
			t.Errorf("%v: rejected with %v", needs, err)
		}
	}
	_, err := th.take(ctx, Authentication)
	if r := rejection(err); r == nil || r.Reason != Paused || r.RetryAfter != 7*time.Second {
		t.Errorf("a request of a reconcile under way: %v", err)
	}
	ticket.Done(nil)
	clock.advance(7 * time.Second)
	if _, err := th.take(t.Context(), Directory); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

func TestNoneIsToComeBackDuringAPause(t *testing.T) {
	th, clock := newThrottle()
	clock.exchange(th, 429, said("Retry-After", "100"))
	for range 1000 {
		if _, _, r := th.admit(High); r.RetryAfter < 100*time.Second {
			t.Fatalf("one is to come back after %v", r.RetryAfter)
		}
	}
}

// The limit of authentication methods does not hold back what asks only the directory.
func TestTheDirectoryIsAskedWhileAuthenticationMethodsAreLimited(t *testing.T) {
	th, _ := newThrottle()
	for err := error(nil); err == nil; {
		_, _, err = th.Admit(t.Context(), High, Directory, Authentication)
		if r := rejection(err); r != nil && r.Reason != RateLimited {
			t.Fatal(err)
		}
	}
	if _, _, err := th.Admit(t.Context(), High, Directory); err != nil {
		t.Error(err)
	}
}

func TestWhatIsRejectedForOneClassTakesNothingOfAnother(t *testing.T) {
	th, _ := newThrottle()
	for range 1000 {
		_, _, _ = th.Admit(t.Context(), High, Authentication, Directory)
	}
	if reserved := th.buckets[Directory].reserved; reserved > 2*starts[Directory].cost {
		t.Errorf("%v tokens are reserved", reserved)
	}
}

func TestDriftChecksLeaveHalfOfTheTokensToWhatWasAskedFor(t *testing.T) {
	th, _ := newThrottle()
	th.SetCeilings(0, 10)
	ctx, ticket, _ := th.admit(Low)
	for range 7 {
		_, _ = th.take(ctx, Directory)
	}
	ticket.Done(nil)
	if _, _, r := th.admit(Low); r == nil || r.Reason != RateLimited {
		t.Errorf("with 3 of 10 left, a drift check is rejected with %v", r)
	}
	if _, _, r := th.admit(High); r != nil {
		t.Errorf("with 3 of 10 left, a change is rejected with %v", r)
	}
}

func TestACeilingIsWhereTheRateBeginsAndWhatBoundsIt(t *testing.T) {
	computes(t)
	for name, perSecond := range map[string]float64{"above the listed limit": 10, "below": 0.1} {
		t.Run(name, func(t *testing.T) {
			th, clock := newThrottle()
			th.SetCeilings(perSecond, 0)
			sent := 0.0
			const minutes = 10
			for range minutes * 6000 {
				clock.advance(10 * time.Millisecond)
				ctx, ticket, err := th.Admit(t.Context(), High, Authentication)
				if err != nil {
					continue
				}
				for range 2 {
					if s, err := th.take(ctx, Authentication); err == nil {
						th.observe(s, 200, said())
						sent++
					}
				}
				ticket.Done(nil)
			}
			if want := perSecond * minutes * 60; sent < 0.95*want || sent > 1.05*want+2 {
				t.Errorf("%v requests, want %v", sent, want)
			}
		})
	}
}

func TestACeilingDoesNotRaiseWhatGraphLimited(t *testing.T) {
	th, clock := newThrottle()
	clock.exchange(th, 429, said("Retry-After", "1"))
	limited := th.buckets[Directory].estimator.perSecond
	th.SetCeilings(0, 10*limited)
	if got := th.buckets[Directory].rate(); got != limited {
		t.Errorf("with a ceiling above it is %v, not %v", got, limited)
	}
	th.SetCeilings(0, limited/2)
	if got := th.buckets[Directory].rate(); got != limited/2 {
		t.Errorf("with a ceiling below it is %v, not %v", got, limited/2)
	}
	th.SetCeilings(0, 0)
	if got := th.buckets[Directory].rate(); got != limited {
		t.Errorf("without one it is %v, not %v", got, limited)
	}
}

// What stays below a ceiling shows nothing of the rates above it.
func TestARateThatWasNeverTriedIsNotLearnt(t *testing.T) {
	th, clock := newThrottle()
	th.SetCeilings(1, 0)
	b := &th.buckets[Authentication]
	for range 1000 {
		clock.advance(time.Second)
		b.estimator.starved = clock.at
		clock.exchangeWith(th, Authentication, 200, said())
	}
	th.SetCeilings(0, 0)
	if got := b.rate(); got != 1 {
		t.Errorf("without the ceiling it is %v a second", got)
	}
}

// Reconciles that began before a limit was known go on one after the other.
func TestReconcilesUnderWayDoNotRunIntoALimitOneAndAll(t *testing.T) {
	th, clock := newThrottle()
	ctx, _, _ := th.admit(High)
	clock.exchange(th, 429, said("Retry-After", "1"))
	rate := th.buckets[Directory].estimator.perSecond
	clock.advance(time.Second)
	through := 0
	for range 200 {
		if _, err := th.take(ctx, Directory); err == nil {
			through++
		} else if r := rejection(err); r == nil || r.Reason != RateLimited || r.RetryAfter > time.Minute {
			t.Fatal(err)
		}
	}
	if most := int(2*rate + 2*starts[Directory].cost + 2); through > most || through == 0 {
		t.Errorf("%d of 200 went through at once, at %.1f a second", through, rate)
	}
}

// What a reconcile was expected to take and did not is there for others.
func TestReconcilesThatAskForNothingTakeNoTokens(t *testing.T) {
	th, clock := newThrottle()
	clock.exchange(th, 429, said("Retry-After", "1"))
	clock.advance(2 * time.Second)
	for i := range 1000 {
		_, ticket, r := th.admit(High)
		if r != nil {
			t.Fatalf("reconcile %d is rejected with %v", i, r)
		}
		ticket.Done(nil)
	}
}

func TestWhatAReconcileNeedsIsLearnt(t *testing.T) {
	for _, requests := range []int{1, 20} {
		th, clock := newThrottle()
		for range 100 {
			ctx, ticket, _ := th.admit(Low)
			for range requests {
				_, _ = th.take(ctx, Directory)
			}
			ticket.Done(nil)
			clock.advance(time.Second)
		}
		b := &th.buckets[Directory]
		if cost := b.cost[Low]; cost < float64(requests)*0.9 || cost > float64(requests)*1.1 {
			t.Errorf("reconciles of %d requests are taken for %.1f", requests, cost)
		}
		if cost := b.cost[High]; cost != starts[Directory].cost {
			t.Errorf("reconciles that were not seen are taken for %.1f", cost)
		}
	}
}

func TestWhatWasStoppedInTheMiddleTellsNothingOfWhatIsNeeded(t *testing.T) {
	th, _ := newThrottle()
	for range 20 {
		ctx, ticket, _ := th.admit(High)
		_, _ = th.take(ctx, Directory)
		ticket.Done(errors.New("stopped"))
	}
	if cost := th.buckets[Directory].cost[High]; cost != starts[Directory].cost {
		t.Errorf("it is taken for %.1f", cost)
	}
}

func TestThoseWhoAreRejectedDoNotComeBackAllAtOnce(t *testing.T) {
	th, clock := newThrottle()
	clock.exchange(th, 429, said("Retry-After", "1")) // a limit is known
	clock.advance(time.Second)
	seconds := map[int]int{}
	for rejected := 0; rejected < 20; {
		if _, _, r := th.admit(High); r != nil {
			seconds[int(r.RetryAfter/time.Second)]++
			rejected++
		}
	}
	for second, n := range seconds {
		if n > 3 {
			t.Errorf("%d of 20 are to come back within the second after %d s", n, second)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	th := New(time.Now, nil, "contoso")
	th.SetCeilings(1e9, 1e9)
	ctx, _, err := th.Admit(b.Context(), High, Directory, Authentication)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s, err := th.take(ctx, Authentication)
		if err != nil {
			b.Fatal(err)
		}
		th.observe(s, 200, nil)
	}
}

func BenchmarkAdmit(b *testing.B) {
	th := New(time.Now, NewBulkhead(), "contoso")
	th.SetCeilings(1e9, 1e9)
	b.ReportAllocs()
	for b.Loop() {
		_, ticket, err := th.Admit(b.Context(), High, Directory, Authentication)
		if err != nil {
			b.Fatal(err)
		}
		ticket.Done(nil)
	}
}

// Between the read and the write of a reconcile no other one sends its read where requests are to be spaced, and those
// under way together are served in turn.
func TestReconcilesUnderWayWaitInTurn(t *testing.T) {
	th, clock := newThrottle()
	th.buckets[Authentication].cost[High] = 0.4 // few had to ask, so that two are admitted
	var under [2]context.Context
	for i := range under {
		var err error
		if under[i], _, err = th.Admit(t.Context(), High, Authentication); err != nil {
			t.Fatal(err)
		}
	}
	send := func(ctx context.Context) {
		t.Helper()
		if _, err := th.take(ctx, Authentication); err != nil {
			t.Fatal(err)
		}
	}
	admitsNone := func() {
		t.Helper()
		if _, _, err := th.Admit(t.Context(), High, Authentication); rejection(err) == nil {
			t.Fatal("another one is admitted, which would send its read at once")
		}
	}
	send(under[0])
	clock.advance(100 * time.Millisecond)
	first, second := th.await(under[0], Authentication), th.await(under[1], Authentication)
	if apart := second - first; first < 1800*time.Millisecond || apart < 1900*time.Millisecond || second > 4500*time.Millisecond {
		t.Errorf("they wait for %v and %v, want two seconds each", first, second)
	}
	clock.advance(first)
	admitsNone()
	send(under[0])
	clock.advance(second - first)
	admitsNone()
	send(under[1])
}

// Who gives up its place in the queue holds up nobody.
func TestAReconcileThatEndsInTheQueueLeavesIt(t *testing.T) {
	th, clock := newThrottle()
	ctx, ticket, err := th.Admit(t.Context(), High, Authentication)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := th.take(ctx, Authentication); err != nil {
		t.Fatal(err)
	}
	th.await(ctx, Authentication)
	ticket.Done(context.Canceled)
	clock.advance(2100 * time.Millisecond)
	ctx, _, err = th.Admit(t.Context(), High, Authentication)
	if err != nil {
		t.Fatal(err)
	}
	if wait := th.await(ctx, Authentication); wait > 0 {
		t.Errorf("the next one waits for %v", wait)
	}
}

// Where the pace is not slow, nobody queues, and nothing is reserved for who would.
func TestNobodyQueuesAtAFastPace(t *testing.T) {
	th, _ := newThrottle()
	th.SetCeilings(20, 0)
	ctx, _, err := th.Admit(t.Context(), High, Authentication)
	if err != nil {
		t.Fatal(err)
	}
	b := &th.buckets[Authentication]
	for range 2 {
		if _, err := th.take(ctx, Authentication); err != nil {
			t.Fatal(err)
		}
	}
	if wait := th.await(ctx, Authentication); wait != 0 || b.queued != 0 || b.reserved != 0 {
		t.Errorf("it waits for %v, %d queue, %v is reserved", wait, b.queued, b.reserved)
	}
}
