package throttle

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// computes ends a test that computes much where the tests are to be short, as with the race detector: that makes it eight times
// slower. What can race in it does in other tests as well.
func computes(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it computes for long: go test without -short")
	}
}

func (s *simulation) sum() (all answers) {
	for _, got := range s.got {
		all.accepted += got.accepted
		all.refused += got.refused
	}
	return all
}

// holds checks the figures: how much of what a limit allows was used, and how much of
// it was refused.
func (s *simulation) holds(t *testing.T, got answers, allowed, least, most float64) {
	t.Helper()
	used := float64(got.accepted) / allowed
	refused := float64(got.refused) / float64(got.accepted+got.refused)
	t.Logf("used %.1f %%, answered 429 %.2f %%, inside a pause %d", 100*used, 100*refused, s.inside)
	if used < least || refused > most || s.inside > 0 {
		t.Errorf("want %.0f %%, %.1f %%, 0", 100*least, 100*most)
	}
}

// allowed is what gets through in a time: the bucket is full at first.
func allowed(limit int, length time.Duration) float64 {
	return float64(limit) * (1 + length.Seconds()/10)
}

func TestALimitForAllIsUsedAndNotRunInto(t *testing.T) {
	computes(t)
	const length = 3 * time.Minute
	for _, limit := range []int{100, 500} {
		for _, latency := range []time.Duration{0, 50 * time.Millisecond} {
			for _, bare := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d in 10 s, latency %v, bare %v", limit, latency, bare), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := newSimulation(latency, bare)
						s.limits.set(limit, 0, 0)
						q := &queue{}
						q.put(int(allowed(limit, length)/5), job{requests: usual})
						s.run(q, length)
						s.holds(t, s.sum(), allowed(limit, length), 0.94, 0.015)
					})
				})
			}
		}
	}
}

// The limit that Microsoft lists for authentication methods, beside a large one of the
// directory. What needs only the directory is not slowed.
func TestFiveRequestsInTenSecondsBelowAuthentication(t *testing.T) {
	computes(t)
	for _, length := range []time.Duration{2 * time.Minute, 10 * time.Minute} {
		for _, latency := range []time.Duration{0, 100 * time.Millisecond} {
			for _, bare := range []bool{false, true} {
				t.Run(fmt.Sprintf("%v, latency %v, bare %v", length, latency, bare), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						const limit, lookups = 5, 1000
						s := newSimulation(latency, bare)
						s.limits.set(0, 3500, limit)
						q := &queue{}
						q.put(int(allowed(limit, length)), job{requests: [classes]int{Directory: 4, Authentication: 1}})
						q.put(200, job{priority: Low, requests: usual})
						q.put(lookups, job{requests: [classes]int{Directory: 1}})
						done, others := s.run(q, length)
						t.Logf("%d user changes, %d drift checks, %d others", done[High], done[Low], others)
						least, most := 0.9, 0.02
						if length < 5*time.Minute { // the limit is found out once, by two requests at most
							least, most = 0.85, 0.035
						}
						s.holds(t, s.got[Authentication], allowed(limit, length), least, most)
						if others != lookups {
							t.Errorf("%d of %d look-ups were made", others, lookups)
						}
					})
				})
			}
		}
	}
}

// A Graph without a limit must not keep a first import waiting for minutes: 20 requests
// a second are what 16 workers send that wait for nothing but Graph.
func TestTheRateOfAuthenticationRisesWhileGraphAccepts(t *testing.T) {
	computes(t)
	const enough = 20
	for name, tc := range map[string]struct {
		learn  func(*simulation) // what happened before
		latest time.Duration
	}{
		"at first":        {func(*simulation) {}, 10 * time.Second},
		"after a restart": {func(s *simulation) { s.throttle.Resume(Pace{Authentication: 0.5, Directory: 100}) }, 30 * time.Second},
		"after a stray 429": {func(s *simulation) {
			s.throttle.observe(s.throttle.sendTo(Authentication), 429, said("Retry-After", "1"))
		}, time.Minute},
		"after the limit that is listed": {func(s *simulation) {
			s.limits.set(0, 0, 5)
			s.run(many(), time.Minute)
			s.limits.set(0, 0, 0)
		}, 10 * time.Minute},
	} {
		for _, latency := range []time.Duration{0, 100 * time.Millisecond} {
			t.Run(fmt.Sprintf("%s, latency %v", name, latency), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newSimulation(latency, true)
					tc.learn(s)
					q, began := many(), time.Now()
					for s.throttle.buckets[Authentication].rate() < enough && time.Since(began) < tc.latest {
						s.run(q, time.Second/2)
					}
					t.Logf("%.1f a second after %v", s.throttle.buckets[Authentication].rate(), time.Since(began))
					if s.throttle.buckets[Authentication].rate() < enough {
						t.Errorf("that is too late")
					}
				})
			})
		}
	}
}

// many are more changes than can be made.
func many() *queue {
	q := &queue{}
	q.put(20_000, job{requests: [classes]int{Directory: 4, Authentication: 1}})
	return q
}

func TestUserChangesGoBeforeDriftChecksAndDoNotStarveThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, length = 200, 2 * time.Minute
		s := newSimulation(20*time.Millisecond, false)
		s.limits.set(limit, 0, 0)
		q := &queue{}
		q.put(1000, job{requests: usual})
		q.put(1000, job{requests: usual, priority: Low})
		done, _ := s.run(q, length)
		t.Logf("%d user changes, %d drift checks", done[High], done[Low])
		all := done[High] + done[Low]
		if done[Low] < all/40 || done[Low] > all/5 {
			t.Errorf("%d of %d were drift checks, with as much of either waiting", done[Low], all)
		}
	})
}

func TestDriftChecksAloneUseTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, length = 200, time.Minute
		s := newSimulation(20*time.Millisecond, false)
		s.limits.set(limit, 0, 0)
		q := &queue{}
		q.put(1000, job{requests: usual, priority: Low})
		s.run(q, length)
		s.holds(t, s.sum(), allowed(limit, length), 0.88, 0.02)
	})
}

func TestAChangeAmongDriftChecksIsAdmittedSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSimulation(20*time.Millisecond, false)
		s.limits.set(200, 0, 0)
		q := &queue{}
		q.put(1000, job{requests: usual, priority: Low})
		go s.run(q, time.Minute)
		pass(30 * time.Second)
		began := time.Now()
		for wait := s.reconcile(job{requests: usual}); wait > 0; wait = s.reconcile(job{requests: usual}) {
			pass(wait)
		}
		if took := time.Since(began); took > 3*time.Second { // a pause of Graph may come in between
			t.Errorf("it took %v", took)
		}
		pass(time.Minute) // until the others are done
	})
}

func TestALimitThatIsGoneIsFoundOut(t *testing.T) {
	computes(t)
	synctest.Test(t, func(t *testing.T) {
		for _, bare := range []bool{false, true} {
			s := newSimulation(200*time.Millisecond, bare)
			s.limits.set(100, 0, 0)
			q := &queue{}
			q.put(10_000, job{requests: usual})
			s.run(q, time.Minute)
			s.limits.set(0, 0, 0)
			s.run(q, 2*time.Minute)
			before := s.sum().accepted
			s.run(q, 10*time.Second)
			t.Logf("two minutes after, %d requests in 10 s where there were 100 (bare %v)", s.sum().accepted-before, bare)
			if got := s.sum().accepted - before; got < 250 {
				t.Errorf("two minutes after, %d requests in 10 s where there were 100 (bare %v)", got, bare)
			}
		}
	})
}
