package throttle

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func newTestBulkhead(workers, tenants int) *Bulkhead {
	b := NewBulkhead()
	b.SetWorkers(workers)
	b.SetTenants(tenants)
	return b
}

// fill has a tenant take workers until it is rejected, or there are none left.
func fill(b *Bulkhead, tenant string, p Priority, most int) (held int) {
	for held < most && b.acquire(time.Now(), tenant, p) == 0 {
		held++
	}
	return held
}

func TestHowManyWorkersATenantHolds(t *testing.T) {
	for name, tc := range map[string]struct {
		workers int
		tenants int
		p       Priority
		want    int
	}{
		"three quarters":                      {16, 2, High, 12},
		"half, for drift checks":              {16, 2, Low, 8},
		"all, while it is alone":              {16, 1, High, 16},
		"all, while it is alone, for drift":   {16, 1, Low, 16},
		"three of four":                       {4, 2, High, 3},
		"three of five":                       {5, 2, High, 3},
		"two of three":                        {3, 2, High, 2},
		"one of two":                          {2, 2, High, 1},
		"the one there is":                    {1, 2, High, 1},
		"any number, if nobody counted them":  {0, 2, High, 1000},
		"three quarters of many, three apart": {400, 3, High, 300},
	} {
		t.Run(name, func(t *testing.T) {
			workers := tc.workers
			if workers == 0 {
				workers = 1000
			}
			if held := fill(newTestBulkhead(tc.workers, tc.tenants), "a", tc.p, workers); held != tc.want {
				t.Errorf("it holds %d, want %d", held, tc.want)
			}
		})
	}
}

func TestAnotherTenantFindsAWorker(t *testing.T) {
	for workers := 2; workers <= 100; workers++ {
		b := newTestBulkhead(workers, 2)
		busy := 0
		for n := 1; workers >= 2*pow4(n-1); n++ { // so many tenants hang
			busy += fill(b, fmt.Sprint("hangs", n), High, workers)
			if wait := b.acquire(time.Now(), "another", Low); wait > 0 || busy == workers {
				t.Errorf("%d tenants hold %d of %d workers, and a drift check of another one finds none", n, busy, workers)
				break
			}
			b.release("another")
		}
	}
}

func pow4(n int) int { return 1 << (2 * n) }

func TestAWorkerThatIsGivenBackIsTaken(t *testing.T) {
	b := newTestBulkhead(16, 2)
	held := fill(b, "a", High, 16)
	for range 3 {
		b.release("a")
		if again := fill(b, "a", High, 16); again != 1 {
			t.Fatalf("%d were taken after one was given back", again)
		}
	}
	for range held {
		b.release("a")
	}
	if held := fill(b, "a", High, 16); held != 12 {
		t.Errorf("after all were given back, it holds %d", held)
	}
}

// Drift checks of a tenant never take the last worker that its own changes may take.
func TestAChangeFindsAWorkerAmongDriftChecks(t *testing.T) {
	b := newTestBulkhead(16, 2)
	fill(b, "a", Low, 16)
	if wait := b.acquire(time.Now(), "a", High); wait > 0 {
		t.Errorf("it is to wait %v", wait)
	}
}

// A reconcile that finds no worker is rejected, and one that is done gives its worker back.
func TestAdmissionTakesAWorker(t *testing.T) {
	b := newTestBulkhead(2, 2)
	th := New(time.Now, b, "a")
	_, ticket, r := th.admit(High)
	if r != nil {
		t.Fatal(r)
	}
	if _, _, r := th.admit(High); r == nil || r.Reason != NoWorker {
		t.Fatalf("a second one is rejected with %v", r)
	}
	if reserved := th.buckets[Directory].reserved; reserved != starts[Directory].cost {
		t.Errorf("%v tokens are reserved", reserved)
	}
	ticket.Done(nil)
	if _, _, r := th.admit(High); r != nil {
		t.Error(r)
	}
}

func TestThousandsWhoWaitForAWorkerComeBackOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newTestBulkhead(16, 2)
		fill(b, "a", High, 16)
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
				wait := b.acquire(time.Now(), "a", High)
				if wait < workerWait || wait > 2*horizon {
					t.Fatalf("one is to wait %v", wait)
				}
				due[tick+1+int64(wait/(100*time.Millisecond))]++
			}
			pass(100 * time.Millisecond)
		}
		if most > users/50 || came > 60*users/10 {
			t.Errorf("%d came in a tenth of a second, %d in a minute", most, came)
		}
	})
}
