package tenant

import (
	"container/heap"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
)

const (
	simTenant = "11111111-2222-3333-4444-555555555555"
	simClient = "66666666-7777-8888-9999-000000000000"
	simUser   = "0f1c0000-0000-4000-8000-000000000001"
)

// simulation is a Graph with a limit behind a real gate, both in virtual time: a
// minute takes as long as its arithmetic, and what is measured does not depend on
// the machine. It runs in a bubble of testing/synctest.
type simulation struct {
	gate    *Gate
	through gated
	token   string

	graph   http.Handler // the bucket, or the emulator
	bucket  bucket
	latency time.Duration
	bare    bool // leaves the headers that tell of limits out

	mu                        sync.Mutex
	accepted, refused, inside int       // inside: sent within a wait that was known of
	heard, until              time.Time // the wait that was heard of last
}

// wire is the way from the gate to Graph and back.
type wire struct{ *simulation }

func (s wire) Do(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	if now := time.Now(); now.After(s.heard) && now.Before(s.until) {
		s.inside++
	}
	s.mu.Unlock()
	time.Sleep(s.latency / 2) //nolint:forbidigo // the clock is synctest's
	w := httptest.NewRecorder()
	s.graph.ServeHTTP(w, r)
	time.Sleep(s.latency / 2) //nolint:forbidigo // the clock is synctest's
	resp := w.Result()
	if s.bare {
		for name := range resp.Header {
			if strings.HasPrefix(strings.ToLower(name), "x-ms-throttle") {
				resp.Header.Del(name)
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if resp.StatusCode != http.StatusTooManyRequests {
		s.accepted++
		return resp, nil
	}
	s.refused++
	wait, _ := graph.RetryAfter(resp.Header, time.Now())
	if until := time.Now().Add(wait); until.After(s.until) {
		s.heard, s.until = time.Now(), until
	}
	return resp, nil
}

func newSimulation(limit int, latency time.Duration, bare bool) *simulation {
	s := &simulation{gate: NewGate(time.Now), latency: latency, bare: bare}
	s.bucket.setLimit(limit)
	s.graph = &s.bucket
	s.through = gated{gate: s.gate, next: wire{s}}
	return s
}

// newEmulator returns the real emulator, with one user, and a token for it.
func newEmulator(t *testing.T, limit emulator.Throttle) (e *emulator.Emulator, token string) {
	t.Helper()
	e = emulator.New(emulator.Options{KeepRequests: 1})
	for _, err := range []error{
		e.AddTenant(emulator.Tenant{ID: simTenant, Domains: []string{"contoso.com"}}),
		e.AddApp(emulator.App{ClientID: simClient, Secret: "s", Roles: []string{"UserAuthMethod-Phone.ReadWrite.All"}}),
		e.AddUser(emulator.User{ID: simUser, TenantID: simTenant, UPN: "ada@contoso.com"}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {simClient}, "client_secret": {"s"},
		"scope": {"https://example.com/.default"}}
	r := httptest.NewRequest(http.MethodPost, "https://example.com/"+simTenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	var said struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil || said.Token == "" {
		t.Fatalf("no token: %s", w.Body)
	}
	e.SetThrottle(limit)
	return e, said.Token
}

func phonesRequest(ctx context.Context, token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://example.com/v1.0/users/"+simUser+"/authentication/phoneMethods", nil).WithContext(ctx)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// get makes one request and returns how long to stay away; 0 if it got through.
func (s *simulation) get(ctx context.Context) time.Duration {
	resp, _ := s.through.Do(phonesRequest(ctx, s.token))
	switch resp.StatusCode {
	case http.StatusOK:
		return 0
	case http.StatusTooManyRequests:
		wait, _ := graph.RetryAfter(resp.Header, time.Now())
		return max(wait, s.gate.Wait())
	}
	panic(fmt.Sprint("status ", resp.StatusCode))
}

// job is a pass that is due.
type job struct {
	low bool
	due time.Time
}

// queue gives out jobs that are due, urgent ones first, as the work queue does.
type queue struct {
	mu   sync.Mutex
	jobs [2]dues
}

type dues []time.Time

func (d dues) Len() int           { return len(d) }
func (d dues) Less(i, j int) bool { return d[i].Before(d[j]) }
func (d dues) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *dues) Push(x any)        { *d = append(*d, x.(time.Time)) }
func (d *dues) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}

// take gives out a job, or says how long to wait for one.
func (q *queue) take() (j job, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	wait = 200 * time.Millisecond // others may put some
	for u := range q.jobs {
		d := &q.jobs[u]
		if len(*d) == 0 {
			continue
		}
		if due := time.Until((*d)[0]); due > 0 {
			wait = min(wait, max(due, 20*time.Millisecond))
			continue
		}
		return job{urgency(u) == unhurried, heap.Pop(d).(time.Time)}, 0
	}
	return job{}, wait
}

func (q *queue) put(n int, j job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for range n {
		heap.Push(&q.jobs[j.urgency()], j.due)
	}
}

func (j job) urgency() urgency {
	if j.low {
		return unhurried
	}
	return urgent
}

// run has 16 workers make passes of six requests until the time is over, and
// returns how many came to their end.
func (s *simulation) run(q *queue, length time.Duration) (done [2]int) {
	end := time.Now().Add(length)
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for time.Now().Before(end) {
				j, wait := q.take()
				if wait > 0 {
					time.Sleep(wait) //nolint:forbidigo // the clock is synctest's: virtual, as all time here
					continue
				}
				if wait := s.pass(j); wait > 0 {
					q.put(1, job{j.low, time.Now().Add(wait)})
					continue
				}
				mu.Lock()
				done[j.urgency()]++
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return done
}

func (s *simulation) pass(j job) time.Duration {
	ctx, pass, closed := s.gate.Begin(context.Background(), j.low)
	if closed != nil {
		return closed.RetryAfter
	}
	defer pass.End(nil)
	for range 6 {
		if wait := s.get(ctx); wait > 0 {
			return wait
		}
	}
	return 0
}
