package tenant

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func newRegistry(n int, tenants ...string) *Registry {
	r := NewRegistry()
	r.ShareWorkers(n)
	for _, name := range tenants {
		r.Put(&Tenant{Name: name})
	}
	return r
}

// fill has a tenant take workers until it is turned away, or there are none left.
func fill(r *Registry, name string, low bool, most int) (held int, leave []func()) {
	for held < most {
		done, wait := r.Enter(name, low)
		if wait > 0 {
			break
		}
		held++
		leave = append(leave, done)
	}
	return held, leave
}

func TestHowManyWorkersATenantHolds(t *testing.T) {
	for name, tc := range map[string]struct {
		workers int
		tenants []string
		low     bool
		want    int
	}{
		"three quarters":                      {16, []string{"a", "b"}, false, 12},
		"half, for drift checks":              {16, []string{"a", "b"}, true, 8},
		"all, while it is alone":              {16, []string{"a"}, false, 16},
		"all, while it is alone, for drift":   {16, []string{"a"}, true, 16},
		"three of four":                       {4, []string{"a", "b"}, false, 3},
		"three of five":                       {5, []string{"a", "b"}, false, 3},
		"two of three":                        {3, []string{"a", "b"}, false, 2},
		"one of two":                          {2, []string{"a", "b"}, false, 1},
		"the one there is":                    {1, []string{"a", "b"}, false, 1},
		"any number, if nobody counted them":  {0, []string{"a", "b"}, false, 1000},
		"three quarters of many, three apart": {400, []string{"a", "b", "c"}, false, 300},
	} {
		t.Run(name, func(t *testing.T) {
			workers := tc.workers
			if workers == 0 {
				workers = 1000
			}
			if held, _ := fill(newRegistry(tc.workers, tc.tenants...), "a", tc.low, workers); held != tc.want {
				t.Errorf("it holds %d, want %d", held, tc.want)
			}
		})
	}
}

func TestAnotherTenantFindsAWorker(t *testing.T) {
	for workers := 2; workers <= 100; workers++ {
		r := newRegistry(workers, "first", "second")
		busy := 0
		for n := 1; workers >= 2*pow4(n-1); n++ { // so many tenants hang
			held, _ := fill(r, fmt.Sprint("hangs", n), false, workers)
			busy += held
			leave, wait := r.Enter("another", true)
			if wait > 0 || busy == workers {
				t.Errorf("%d tenants hold %d of %d workers, and a drift check of another one finds none", n, busy, workers)
				break
			}
			leave()
		}
	}
}

func pow4(n int) int { return 1 << (2 * n) }

func TestAWorkerThatIsGivenBackIsTaken(t *testing.T) {
	r := newRegistry(16, "a", "b")
	_, leave := fill(r, "a", false, 16)
	for range 3 {
		leave[0]()
		held, again := fill(r, "a", false, 16)
		if held != 1 {
			t.Fatalf("%d were taken after one was given back", held)
		}
		leave[0] = again[0]
	}
	for _, done := range leave {
		done()
	}
	if held, _ := fill(r, "a", false, 16); held != 12 {
		t.Errorf("after all were given back, it holds %d", held)
	}
}

// Drift checks of a tenant never take the last worker that its own changes may take.
func TestAChangeFindsAWorkerAmongDriftChecks(t *testing.T) {
	r := newRegistry(16, "a", "b")
	fill(r, "a", true, 16)
	if _, wait := r.Enter("a", false); wait > 0 {
		t.Errorf("it is to wait %v", wait)
	}
}

func TestThousandsWhoWaitForAWorkerComeBackOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry(16, "a", "b")
		fill(r, "a", false, 16)
		const users = 10_000
		due := map[int64]int{0: users}
		came, most := 0, 0
		for tick := range int64(600) { // a minute
			n := due[tick]
			delete(due, tick)
			if tick > 0 {
				came += n
				most = max(most, n)
			}
			for range n {
				_, wait := r.Enter("a", false)
				if wait < workerWait || wait > 2*longestTurn {
					t.Fatalf("one is to wait %v", wait)
				}
				due[tick+1+int64(wait/(100*time.Millisecond))]++
			}
			pause(100 * time.Millisecond)
		}
		if most > users/50 || came > 60*users/10 {
			t.Errorf("%d came in a tenth of a second, %d in a minute", most, came)
		}
	})
}
