package throttle

import (
	"testing"
	"testing/synctest"
	"time"
)

// busy is an estimator that learnt a limit of some ten requests a second, and what waits.
func busy(t *testing.T) (*estimator, *clock) {
	t.Helper()
	e, clock := newEstimator(starts[Directory]), newClock()
	for range 100 {
		e.observe(clock.at, 0)
		clock.advance(10 * time.Millisecond)
	}
	e.starved = clock.at
	e.observe429(clock.at)
	if e.perSecond < 9 || e.perSecond > 11 {
		t.Fatalf("the rate is %.1f a second", e.perSecond)
	}
	return e, clock
}

// wait has requests wait and be answered at the rate, for a time.
func (e *estimator) wait(c *clock, length time.Duration) {
	for end := c.at.Add(length); c.at.Before(end); {
		c.advance(seconds(1 / e.perSecond))
		e.starved = c.at
		e.observe(c.at, 0)
	}
}

func TestARefusalWhenFewAskedSaysLittle(t *testing.T) {
	e, clock := busy(t)
	before := e.perSecond
	clock.advance(30 * time.Second)
	for range 3 {
		e.observe(clock.at, 0)
	}
	e.observe429(clock.at)
	if e.perSecond < 0.7*before || e.perSecond >= before {
		t.Errorf("the rate falls from %.1f to %.1f", before, e.perSecond)
	}
}

func TestARefusalTooSoonAfterAnotherIsNoMeasure(t *testing.T) {
	e, clock := busy(t)
	before := e.perSecond
	clock.advance(time.Second)
	e.observe(clock.at, 0)
	e.observe429(clock.at)
	if e.perSecond < 0.9*before || e.perSecond >= before {
		t.Errorf("the rate falls from %.1f to %.1f", before, e.perSecond)
	}
}

func TestHowTheRateRises(t *testing.T) {
	for name, tc := range map[string]struct {
		certainty   certainty
		hold        time.Duration // the rate stays
		after       time.Duration // and then it is this much higher
		least, most float64
	}{
		"without a refusal, where few wait": {unknown, 28 * time.Second, 6 * time.Second, 10, 100},
		"a limit that was met once":         {measured, 4 * time.Second, 6 * time.Second, 1.5, 3},
		"a limit that was met, twice alike": {confirmed, 29 * time.Second, 20 * time.Second, 1.5, 2},
	} {
		t.Run(name, func(t *testing.T) {
			e, clock := newEstimator(starts[Authentication]), newClock()
			if tc.certainty > unknown {
				e, clock = busy(t)
			}
			if tc.certainty > measured {
				e.wait(clock, 5500*time.Millisecond)
				e.observe429(clock.at)
			}
			if e.certainty != tc.certainty {
				t.Fatalf("certainty %d", e.certainty)
			}
			before := e.perSecond
			e.wait(clock, tc.hold)
			if e.perSecond != before && tc.hold > 0 {
				t.Errorf("within %v it rises from %.2f to %.2f", tc.hold, before, e.perSecond)
			}
			e.wait(clock, tc.after)
			if got := e.perSecond / before; got < tc.least || got > tc.most {
				t.Errorf("after %v more it is %.2f times as high", tc.after, got)
			}
		})
	}
}

func TestTheRateRisesOnlyWhileSomethingWaits(t *testing.T) {
	for _, s := range starts {
		e, clock := newEstimator(s), newClock()
		for range 1000 {
			clock.advance(time.Second)
			e.observe(clock.at, 0)
		}
		if e.perSecond != s.perSecond {
			t.Errorf("it rises from %v to %v", s.perSecond, e.perSecond)
		}
	}
}

// The first 429 at about the listed limit confirms it: it is not tried again for long.
func TestTheListedLimitIsBelievedAtOnce(t *testing.T) {
	e, clock := newEstimator(starts[Authentication]), newClock()
	for range 5 {
		e.starved = clock.at
		e.observe(clock.at, 0)
		clock.advance(time.Second / 2)
	}
	e.observe429(clock.at)
	if e.certainty != confirmed || e.perSecond != slack*starts[Authentication].perSecond {
		t.Errorf("certainty %d, %v a second", e.certainty, e.perSecond)
	}
}

// A 429 that is no limit's, while few ask, takes the rate no lower than what is likely.
func TestAStrayRefusalIsNotBelieved(t *testing.T) {
	for _, s := range starts {
		e, clock := newEstimator(s), newClock()
		for i := range 200 {
			clock.advance(20 * time.Second)
			if i%15 == 0 {
				e.observe429(clock.at)
			}
			e.observe(clock.at, 0)
		}
		if e.perSecond < slack*s.least {
			t.Errorf("the rate is %v a second", e.perSecond)
		}
	}
}

// A limit that is lower than what is likely is believed when it is measured again.
func TestALimitBelowTheListedOneIsBelievedInTheEnd(t *testing.T) {
	computes(t)
	synctest.Test(t, func(t *testing.T) {
		s := newSimulation(20*time.Millisecond, true)
		s.limits.set(0, 0, 2) // in 10 s
		q := &queue{}
		q.put(1000, job{requests: [classes]int{Directory: 4, Authentication: 1}})
		s.run(q, 10*time.Minute)
		before := s.got[Authentication]
		s.run(q, 20*time.Minute)
		after := s.got[Authentication]
		refused, accepted := after.refused-before.refused, after.accepted-before.accepted
		t.Logf("%d refused and %d accepted in the first ten minutes, then %d and %d", before.refused, before.accepted, refused, accepted)
		if refused*50 > accepted || accepted < 200 {
			t.Errorf("%d are refused and %d accepted", refused, accepted)
		}
	})
}

func newEstimator(s start) *estimator {
	b := newBucket(s)
	return &b.estimator
}
