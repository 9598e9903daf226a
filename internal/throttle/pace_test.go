package throttle

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestALearntPaceIsBelievedWithinBounds(t *testing.T) {
	for name, tc := range map[string]struct {
		ceiling, learnt, want Pace
	}{
		"nothing was learnt":              {want: Pace{Authentication: 0.5, Directory: 100}},
		"between":                         {learnt: Pace{Authentication: 3, Directory: 30}, want: Pace{Authentication: 3, Directory: 30}},
		"of one class":                    {learnt: Pace{Authentication: 3}, want: Pace{Authentication: 3, Directory: 100}},
		"lower than is likely":            {learnt: Pace{Authentication: 0.01, Directory: 0.01}, want: Pace{Authentication: 0.5, Directory: 5}},
		"higher than is worth believing":  {learnt: Pace{Authentication: 1e6, Directory: 1e6}, want: Pace{Authentication: 20, Directory: 100}},
		"higher than a ceiling":           {ceiling: Pace{Authentication: 2, Directory: 10}, learnt: Pace{Authentication: 3, Directory: 30}, want: Pace{Authentication: 2, Directory: 10}},
		"lower than a ceiling":            {ceiling: Pace{Authentication: 8, Directory: 80}, learnt: Pace{Authentication: 3, Directory: 30}, want: Pace{Authentication: 3, Directory: 30}},
		"lower than a ceiling and likely": {ceiling: Pace{Authentication: 8, Directory: 80}, learnt: Pace{Authentication: 0.4, Directory: 30}, want: Pace{Authentication: 0.5, Directory: 30}},
	} {
		t.Run(name, func(t *testing.T) {
			th, _ := newThrottle()
			th.Resume(tc.learnt)
			th.SetCeilings(tc.ceiling[Authentication], tc.ceiling[Directory])
			if got := th.Pace(); got != tc.want {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}

func TestALearntPaceFallsWithTheFirstRefusal(t *testing.T) {
	for _, class := range []Class{Directory, Authentication} {
		th, clock := newThrottle()
		th.Resume(Pace{Authentication: 10, Directory: 50})
		before := th.Pace()
		clock.exchangeWith(th, class, 429, said("Retry-After", "1"))
		after := th.Pace()
		if after[class] > mostFall*before[class] {
			t.Errorf("class %d: it goes from %v to %v", class, before[class], after[class])
		}
		if other := Directory + Authentication - class; after[other] != before[other] {
			t.Errorf("the other class goes from %v to %v", before[other], after[other])
		}
	}
}

// An operator that takes over has neither to find the limit out again nor to wait.
func TestAfterARestartALimitIsUsedAndNotRunInto(t *testing.T) {
	computes(t)
	for _, bare := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			const limit, length = 30, 2 * time.Minute
			first := newSimulation(50*time.Millisecond, bare)
			first.limits.set(0, 0, limit)
			first.run(many(), 3*time.Minute)
			learnt := first.throttle.Pace()
			if got := learnt[Authentication]; got < 2.5 || got > 3.3 {
				t.Fatalf("of %v requests in 10 s, %v a second is learnt", limit, got)
			}
			pass(10 * time.Second) // until another leads
			s := newSimulation(50*time.Millisecond, bare)
			s.limits.set(0, 0, limit)
			s.throttle.Resume(learnt)
			s.run(many(), length)
			s.holds(t, s.got[Authentication], allowed(limit, length), 0.9, 0.02)
		})
	}
}
