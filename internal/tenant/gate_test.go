package tenant

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/graph"
)

// clock is a time that stands until it is moved.
type clock struct{ at time.Time }

func (c *clock) now() time.Time          { return c.at }
func (c *clock) advance(d time.Duration) { c.at = c.at.Add(d) }

func newClock() *clock { return &clock{time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)} }

func said(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// send lets a request through, whatever the gate would say.
func (g *Gate) send() sending {
	g.last++
	return sending{g.last, g.now()}
}

// exchange sends one request at once and hears the answer after a latency.
func (c *clock) exchange(g *Gate, status int, h http.Header) {
	sent := g.send()
	c.advance(10 * time.Millisecond)
	g.heed(sent, status, h)
}

func TestTheGateClosesAsGraphSays(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		header http.Header
		want   time.Duration
	}{
		"a 429 in seconds":           {429, said("Retry-After", "17"), 17 * time.Second},
		"a 429 with a date":          {429, said("Retry-After", "Wed, 02 Jan 2030 03:04:35 GMT", "Date", "Wed, 02 Jan 2030 03:04:05 GMT"), 30 * time.Second},
		"a date of a skewed clock":   {429, said("Retry-After", "Wed, 02 Jan 2030 09:04:35 GMT", "Date", "Wed, 02 Jan 2030 09:04:05 GMT"), 30 * time.Second},
		"a date, the clock unknown":  {429, said("Retry-After", "Wed, 02 Jan 2030 03:04:35 GMT"), 30*time.Second - 10*time.Millisecond},
		"a 503 that says when":       {503, said("Retry-After", "5"), 5 * time.Second},
		"a 503 that does not":        {503, said(), 0},
		"a 503 with a date gone by":  {503, said("Retry-After", "Wed, 02 Jan 2030 03:04:00 GMT"), 0},
		"an answer near the limit":   {200, said("x-ms-throttle-limit-percentage", "0.9"), 0},
		"a success with Retry-After": {200, said("Retry-After", "9"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			g := NewGate(clock.now)
			clock.exchange(g, c.status, c.header)
			if got := g.Wait(); got != c.want {
				t.Errorf("closed for %v, want %v", got, c.want)
			}
		})
	}
}

func TestALongerWaitIsNotShortened(t *testing.T) {
	clock := newClock()
	g := NewGate(clock.now)
	sent := g.send()
	clock.advance(time.Millisecond)
	for _, seconds := range []string{"3", "20", "1"} {
		g.heed(sent, 429, said("Retry-After", seconds))
	}
	if got := g.Wait(); got != 20*time.Second {
		t.Errorf("closed for %v", got)
	}
}

func TestWithoutRetryAfterThePauseGrowsWithEachRefusalInARow(t *testing.T) {
	clock := newClock()
	g := NewGate(clock.now)
	// A server that asks to be asked at once while it refuses says nothing of use.
	unsaid := []http.Header{said(), said("Retry-After", "0"), said("Retry-After", "Wed, 02 Jan 2030 03:04:00 GMT")}
	want := 5 * time.Second
	for range 10 {
		var sent [16]sending
		for i := range sent {
			sent[i] = g.send()
		}
		clock.advance(time.Millisecond)
		for i, sent := range sent { // what was on its way together counts once
			g.heed(sent, 429, unsaid[i%len(unsaid)])
		}
		if got := g.Wait(); got < want || got >= want*3/2+time.Millisecond {
			t.Fatalf("closed for %v, want %v and up to half of it more", got, want)
		}
		clock.advance(g.Wait())
		want = min(2*want, 5*time.Minute)
	}
	clock.advance(time.Second)
	clock.exchange(g, 200, said())
	clock.advance(time.Second)
	clock.exchange(g, 429, said())
	if got := g.Wait(); got >= 8*time.Second {
		t.Errorf("after a success it is closed for %v", got)
	}
}

// A clock may stand still from one request to the next.
func TestARefusalAtTheInstantTheGateWasClosedAtIsNews(t *testing.T) {
	clock := newClock()
	g := NewGate(clock.now)
	g.heed(g.send(), 429, said("Retry-After", "1"))
	g.heed(g.send(), 429, said())
	if got := g.Wait(); got < firstPause {
		t.Errorf("closed for %v", got)
	}
}

func TestNobodyComesInWhileTheGateIsClosed(t *testing.T) {
	clock := newClock()
	g := NewGate(clock.now)
	ctx, pass, _ := g.Begin(t.Context(), false)
	clock.exchange(g, 429, said("Retry-After", "7"))
	if _, _, closed := g.Begin(t.Context(), false); closed == nil || closed.RetryAfter < 7*time.Second || closed.Kind != graph.Throttled {
		t.Errorf("a pass is turned away with %v", closed)
	}
	if _, wait := g.pay(ctx); wait != 7*time.Second {
		t.Errorf("a request of a pass under way is to wait %v", wait)
	}
	pass.End(nil)
	clock.advance(7 * time.Second)
	if _, wait := g.pay(t.Context()); wait != 0 {
		t.Errorf("after the wait it is to wait %v", wait)
	}
}

func TestTheCeilingHoldsWithoutAnySignOfALimit(t *testing.T) {
	clock := newClock()
	g := NewGate(clock.now)
	g.SetCeiling(10)
	sent := 0
	for range 6000 { // a minute
		clock.advance(10 * time.Millisecond)
		ctx, pass, closed := g.Begin(t.Context(), false)
		if closed != nil {
			continue
		}
		for range 5 {
			if _, wait := g.pay(ctx); wait == 0 {
				sent++
			}
		}
		pass.End(nil)
	}
	if sent < 550 || sent > 620 {
		t.Errorf("%d requests in a minute at 10 a second", sent)
	}
}

// A 429 that is no limit's must not slow the tenant down for long: where faults
// come at random, each would take it further down.
func TestAStray429ChangesNoPace(t *testing.T) {
	t.Run("when hardly anybody asks", func(t *testing.T) {
		clock := newClock()
		g := NewGate(clock.now)
		for i := range 200 {
			clock.advance(2 * time.Second)
			if i%15 == 0 {
				clock.exchange(g, 429, said("Retry-After", "1"))
				continue
			}
			clock.exchange(g, 200, said())
		}
		if rate := g.rate(clock.at); rate != 0 {
			t.Errorf("the pace is %v a second", rate)
		}
	})
	t.Run("when others beside it get through", func(t *testing.T) {
		clock := newClock()
		g := NewGate(clock.now)
		for range 100 {
			clock.exchange(g, 200, said())
		}
		refused := g.send()
		clock.advance(time.Microsecond)
		others := []sending{g.send(), g.send()}
		clock.advance(time.Millisecond)
		g.heed(refused, 429, said("Retry-After", "1"))
		for _, sent := range others {
			g.heed(sent, 200, said())
		}
		if rate := g.rate(clock.at); rate != 0 {
			t.Errorf("the pace is %v a second", rate)
		}
		if g.Wait() == 0 {
			t.Error("what it asked for is not heeded")
		}
	})
}

func TestASmallLimitWithoutHeadersIsFoundInTheEnd(t *testing.T) {
	clock := newClock()
	g := NewGate(clock.now)
	for range 4 {
		for range 3 {
			clock.exchange(g, 200, said())
		}
		clock.exchange(g, 429, said("Retry-After", "1"))
		clock.advance(time.Second)
	}
	if rate := g.rate(clock.at); rate == 0 {
		t.Error("there is no pace")
	}
}

func TestTheLimitIsForgottenInTime(t *testing.T) {
	clock := newClock()
	g := NewGate(clock.now)
	for range 100 {
		clock.exchange(g, 200, said())
	}
	clock.exchange(g, 429, said("Retry-After", "1"))
	if g.rate(clock.at) == 0 {
		t.Fatal("there is no pace")
	}
	clock.advance(11 * time.Minute)
	if rate := g.rate(clock.at); rate != 0 {
		t.Errorf("the pace is %v a second", rate)
	}
}

func TestTheLimitPercentageIsReadLeniently(t *testing.T) {
	got := map[string]float64{}
	for _, value := range []string{"", "0.85", "1.8", "85", "-1", "NaN", "none"} {
		got[value] = limitShare(said("x-ms-throttle-limit-percentage", value))
	}
	want := map[string]float64{"": 0, "0.85": 0.85, "1.8": 1.8, "85": 0, "-1": 0, "NaN": 0, "none": 0}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestARequestThatComesTooEarlyGetsGraphsOwnAnswer(t *testing.T) {
	resp := notNow(nil, 1500*time.Millisecond)
	if seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")); resp.StatusCode != 429 || seconds != 2 {
		t.Errorf("%d, Retry-After %d", resp.StatusCode, seconds)
	}
}
