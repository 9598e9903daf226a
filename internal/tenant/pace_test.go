package tenant

import (
	"testing"
	"testing/synctest"
	"time"
)

// learnt returns a gate that found a limit of some ten requests a second, and came
// to it while passes waited.
func learnt(t *testing.T) (*Gate, *clock, float64) {
	t.Helper()
	g, clock := busy(100)
	clock.exchange(g, 429, said("Retry-After", "1"))
	clock.advance(time.Second)
	rate := g.rate(clock.at)
	if rate < 9 || rate > 11 {
		t.Fatalf("the pace is %.1f a second", rate)
	}
	return g, clock, rate
}

func TestARefusalWhenFewAskedSaysLittle(t *testing.T) {
	g, clock, before := learnt(t)
	clock.advance(30 * time.Second)
	for range 3 {
		clock.exchange(g, 200, said())
	}
	clock.exchange(g, 429, said("Retry-After", "1"))
	if rate := g.rate(clock.at); rate < 0.7*before || rate >= before {
		t.Errorf("the pace falls from %.1f to %.1f", before, rate)
	}
}

func TestARefusalTooSoonAfterAnotherIsNoMeasure(t *testing.T) {
	g, clock, before := learnt(t)
	clock.exchange(g, 200, said())
	clock.exchange(g, 429, said("Retry-After", "1"))
	if rate := g.rate(clock.at); rate < 0.9*before || rate >= before {
		t.Errorf("the pace falls from %.1f to %.1f", before, rate)
	}
}

func TestThePaceRisesByAQuarterASecondAtMost(t *testing.T) {
	g, clock, _ := learnt(t)
	clock.advance(5 * time.Minute)
	g.pace.raise(clock.at) // of the time that went by a second counts
	for range 60 {
		before := g.rate(clock.at)
		for range 10 { // by 2.5 % each
			clock.advance(100 * time.Millisecond)
			g.pace.raise(clock.at)
		}
		if rate := g.rate(clock.at); rate > 1.29*before {
			t.Fatalf("the pace rises from %.1f to %.1f in a second", before, rate)
		}
	}
}

// Bad weather takes the pace to three a second, and no lower; a limit that is
// measured again and again is believed.
func TestALimitBelowBadWeatherIsBelievedInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 15 // in 10 s
		s := newSimulation(limit, 20*time.Millisecond, true)
		q := &queue{}
		q.put(1000, job{})
		s.run(q, 10*time.Minute)
		accepted, refused := s.accepted, s.refused
		s.run(q, 5*time.Minute)
		share := float64(s.refused-refused) / float64(s.accepted-accepted)
		t.Logf("%d were refused in the first ten minutes, then %.1f for 100 that were not", refused, 100*share)
		if share > 0.2 { // it is tried again and again, and a few are a large part of so little
			t.Errorf("%.1f are refused for 100 that are not", 100*share)
		}
	})
}
