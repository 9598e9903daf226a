package tenant

import (
	"net/http"
	"testing"
	"time"
)

// busy returns a gate that so many requests went through lately.
func busy(requests int) (*Gate, *clock) {
	clock := newClock()
	g := NewGate(clock.now)
	for range requests {
		clock.exchange(g, 200, said())
	}
	return g, clock
}

// What was sent before the request that is refused, or at once with it, may have had
// the last of the limit: that it got through does not make the refusal a stray one.
func TestRequestsSentNoLaterThanTheRefusedOneSayNothingAboutIt(t *testing.T) {
	for name, apart := range map[string]time.Duration{"before": time.Microsecond, "at once": 0} {
		t.Run(name, func(t *testing.T) {
			g, clock := busy(100)
			others := []sending{g.send(), g.send(), g.send()}
			clock.advance(apart)
			refused := g.send()
			if apart == 0 {
				others = append(others, g.send(), g.send(), g.send())
			}
			clock.advance(time.Millisecond)
			g.heed(refused, 429, said("Retry-After", "1"))
			for _, sent := range others {
				g.heed(sent, 200, said())
			}
			if g.rate(clock.at) == 0 {
				t.Error("there is no pace")
			}
		})
	}
}

// With a header that tells of a limit the first refusal counts, however few asked.
func TestARefusalThatTellsOfALimitIsNoStray(t *testing.T) {
	for name, header := range map[string]http.Header{
		"by its scope":      said("Retry-After", "1", "x-ms-throttle-scope", "Tenant/Read"),
		"by its percentage": said("Retry-After", "1", "x-ms-throttle-limit-percentage", "1.1"),
	} {
		t.Run(name, func(t *testing.T) {
			g, clock := busy(3)
			clock.exchange(g, 429, header)
			if g.rate(clock.at) == 0 {
				t.Error("there is no pace")
			}
		})
	}
}

func TestThePauseOfA429WithoutATimeShrinksOnlyWithASuccessAfterIt(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		early  bool // sent before the gate was closed
		shrink bool
	}{
		"a success":                 {200, false, true},
		"a success from before":     {200, true, false},
		"an error":                  {500, false, false},
		"a busy one without a time": {503, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			g := NewGate(clock.now)
			sent := g.send()
			for range 3 {
				clock.exchange(g, 429, said())
				clock.advance(g.Wait())
			}
			if !tc.early {
				sent = g.send()
			}
			g.heed(sent, tc.status, said())
			clock.exchange(g, 429, said())
			if got := g.Wait(); (got < 8*time.Second) != tc.shrink {
				t.Errorf("then it is closed for %v", got)
			}
		})
	}
}

func TestTheLowerOfPaceAndCeilingHolds(t *testing.T) {
	g, clock := busy(100)
	clock.exchange(g, 429, said("Retry-After", "1"))
	learnt := g.rate(clock.at)
	g.SetCeiling(learnt * 2)
	if got := g.rate(clock.at); got != learnt {
		t.Errorf("with a ceiling above it is %v, not %v", got, learnt)
	}
	g.SetCeiling(learnt / 2)
	if got := g.rate(clock.at); got != learnt/2 {
		t.Errorf("with a ceiling below it is %v, not %v", got, learnt/2)
	}
}

func TestNobodyIsToComeBackWhileTheGateIsClosed(t *testing.T) {
	g, clock := busy(100)
	clock.exchange(g, 429, said("Retry-After", "100"))
	for range 1000 {
		if _, _, closed := g.Begin(t.Context(), false); closed.RetryAfter < 100*time.Second {
			t.Fatalf("one is to come back after %v", closed.RetryAfter)
		}
	}
}

// Passes that began before a limit was known go on one after the other.
func TestPassesUnderWayDoNotRunIntoALimitOneAndAll(t *testing.T) {
	g, clock := busy(50) // 5 a second are what got through in 10 s
	ctx, _, _ := g.Begin(t.Context(), false)
	for range 200 {
		_, _, _ = g.Begin(t.Context(), false)
	}
	clock.exchange(g, 429, said("Retry-After", "1", "x-ms-throttle-scope", "Tenant/Read"))
	rate := g.rate(clock.at)
	clock.advance(time.Second)
	through := 0
	for range 200 {
		sent, wait := g.pay(ctx)
		if wait == 0 {
			through++
		} else if sent.ticket != 0 || wait > time.Minute {
			t.Fatalf("request %d is to wait %v", sent.ticket, wait)
		}
	}
	if most := int(2*rate) + 2*firstCost + 2; through > most || through == 0 {
		t.Errorf("%d of 200 went through at once, at %.1f a second", through, rate)
	}
}

// What a pass was expected to need and did not is there for others.
func TestPassesThatAskForNothingTakeNoRoom(t *testing.T) {
	g, clock := busy(100)
	clock.exchange(g, 429, said("Retry-After", "1"))
	clock.advance(time.Second)
	for i := range 1000 {
		_, pass, closed := g.Begin(t.Context(), false)
		if closed != nil {
			t.Fatalf("pass %d is turned away with %v", i, closed)
		}
		pass.End(nil)
	}
}

func TestWhatPassesNeedIsLearnt(t *testing.T) {
	for _, requests := range []int{1, 20} {
		g, _ := busy(0)
		for range 100 {
			ctx, pass, _ := g.Begin(t.Context(), true)
			for range requests {
				g.pay(ctx)
			}
			pass.End(nil)
		}
		if cost := g.room.costOf(unhurried); cost < float64(requests)*0.9 || cost > float64(requests)*1.1 {
			t.Errorf("passes of %d requests are taken for %.1f", requests, cost)
		}
		if cost := g.room.costOf(urgent); cost != firstCost {
			t.Errorf("passes that were not seen are taken for %.1f", cost)
		}
	}
}
