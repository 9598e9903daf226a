package tenant

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraops/phone-operator/internal/emulator"
)

func TestTheLimitIsUsedAndNotRunInto(t *testing.T) {
	for _, limit := range []int{100, 500} {
		for _, latency := range []time.Duration{0, 50 * time.Millisecond} {
			for _, bare := range []bool{false, true} {
				name := fmt.Sprintf("%d in 10 s, latency %v", limit, latency)
				if bare {
					name += ", no headers but Retry-After"
				}
				t.Run(name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						newSimulation(limit, latency, bare).usesItsLimit(t, limit)
					})
				})
			}
		}
	}
	t.Run("of the emulator", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			const limit = 100
			s := newSimulation(limit, 50*time.Millisecond, false)
			s.graph, s.token = newEmulator(t, emulator.Throttle{Requests: limit})
			s.usesItsLimit(t, limit)
		})
	})
}

func (s *simulation) usesItsLimit(t *testing.T, limit int) {
	t.Helper()
	const length = 3 * time.Minute
	allowed := float64(limit) * (1 + length.Seconds()/10) // the bucket is full at first
	q := &queue{}
	q.put(int(allowed/5), job{})
	s.run(q, length)
	used := float64(s.accepted) / allowed
	refused := float64(s.refused) / float64(s.accepted+s.refused)
	t.Logf("used %.1f %%, answered 429 %.2f %%", 100*used, 100*refused)
	most := 0.02
	if s.bare { // without a warning, the first burst of 16 workers runs into it
		most = 0.03
	}
	if used < 0.9 || refused > most || s.inside > 0 {
		t.Errorf("used %.1f %%, answered 429 %.2f %%, sent inside a wait %d", 100*used, 100*refused, s.inside)
	}
}

func TestUserChangesGoBeforeDriftChecksAndDoNotStarveThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, length = 200, 2 * time.Minute
		s := newSimulation(limit, 20*time.Millisecond, false)
		q := &queue{}
		q.put(1000, job{})
		q.put(1000, job{low: true})
		s.pass(job{low: true}) // the order of the first ones is the queue's
		done := s.run(q, length)
		t.Logf("%d user changes, %d drift checks", done[urgent], done[unhurried])
		all := done[urgent] + done[unhurried]
		if done[unhurried] < all/20 || done[unhurried] > all/5 {
			t.Errorf("%d of %d passes were drift checks, with as much of either waiting", done[unhurried], all)
		}
	})
}

func TestDriftChecksAloneUseTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, length = 200, time.Minute
		s := newSimulation(limit, 20*time.Millisecond, false)
		q := &queue{}
		q.put(1000, job{low: true})
		s.run(q, length)
		if allowed := limit * (1 + length.Seconds()/10); float64(s.accepted) < 0.9*allowed {
			t.Errorf("%d of %.0f were used", s.accepted, allowed)
		}
	})
}

func TestAChangeAmongDriftChecksIsLetInSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSimulation(200, 20*time.Millisecond, false)
		q := &queue{}
		q.put(1000, job{low: true})
		go s.run(q, time.Minute)
		time.Sleep(30 * time.Second) //nolint:forbidigo // the clock is synctest's
		began := time.Now()
		for wait := s.pass(job{}); wait > 0; wait = s.pass(job{}) {
			time.Sleep(wait) //nolint:forbidigo // the clock is synctest's
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %v", took)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // the clock is synctest's: until the others are done
	})
}

func TestWithoutALimitNobodyIsTurnedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSimulation(0, 0, false)
		for i := range 2000 {
			if wait := s.pass(job{low: i%2 == 0}); wait > 0 {
				t.Fatalf("pass %d is to wait %v", i, wait)
			}
		}
	})
}

func TestALimitThatIsGoneIsFoundOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, bare := range []bool{false, true} {
			s := newSimulation(100, 200*time.Millisecond, bare)
			q := &queue{}
			q.put(10_000, job{})
			s.run(q, time.Minute)
			s.bucket.setLimit(0)
			s.run(q, 2*time.Minute)
			before := s.accepted
			s.run(q, 10*time.Second)
			if got := s.accepted - before; got < 400 {
				t.Errorf("two minutes after, %d requests in 10 s where there were 100 (bare %v)", got, bare)
			}
		}
	})
}

func TestPassesThatHaveToWaitDoNotComeBackAllAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSimulation(100, 0, false)
		for wait := time.Duration(0); wait == 0; {
			wait = s.pass(job{}) // until the gate turns one away
		}
		seconds := map[int]int{}
		for range 20 {
			_, _, closed := s.gate.Begin(t.Context(), false)
			seconds[int(closed.RetryAfter/time.Second)]++
		}
		for second, n := range seconds {
			if n > 4 {
				t.Errorf("%d of 20 are to come back within the second after %d s", n, second)
			}
		}
	})
}
