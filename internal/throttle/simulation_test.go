package throttle

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// simulation is a Graph with limits behind a real throttle, both in virtual time: a
// minute takes as long as its arithmetic, and what is measured does not depend on the
// machine. It runs in a bubble of testing/synctest.
type simulation struct {
	throttle *Throttle
	pipeline runtime.Pipeline

	limits  limits
	latency time.Duration
	bare    bool // leaves the headers that tell of limits out
	silent  bool // leaves Retry-After out

	mu           sync.Mutex
	got          [classes]answers
	inside       int       // sent within a pause that was known of
	heard, until time.Time // the pause that was heard of last
}

// answers counts what Graph answered.
type answers struct{ accepted, refused int }

// wire is the way from the throttle to Graph and back.
type wire struct{ *simulation }

func (s wire) Do(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	if now := time.Now(); now.After(s.heard) && now.Before(s.until) {
		s.inside++
	}
	s.mu.Unlock()
	pass(s.latency / 2)
	w := httptest.NewRecorder()
	s.limits.ServeHTTP(w, r)
	pass(s.latency / 2)
	resp := w.Result()
	if s.bare {
		for name := range resp.Header {
			if strings.HasPrefix(strings.ToLower(name), "x-ms-throttle") {
				resp.Header.Del(name)
			}
		}
	}
	if s.silent {
		resp.Header.Del("Retry-After")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	got := &s.got[ClassOf(r.URL.Path)]
	if resp.StatusCode != http.StatusTooManyRequests {
		got.accepted++
		return resp, nil
	}
	got.refused++
	wait, _ := RetryAfter(resp.Header, time.Now())
	if until := time.Now().Add(wait); until.After(s.until) {
		s.heard, s.until = time.Now(), until
	}
	return resp, nil
}

// pass lets virtual time go by.
func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // the clock is synctest's

func newSimulation(latency time.Duration, bare bool) *simulation {
	s := &simulation{throttle: New(time.Now, nil, "contoso"), latency: latency, bare: bare}
	s.pipeline = runtime.NewPipeline("simulation", "", runtime.PipelineOptions{
		PerRetry: []policy.Policy{s.throttle.Policy(nil)},
	}, &policy.ClientOptions{Transport: wire{s}, Retry: policy.RetryOptions{MaxRetries: -1}})
	return s
}

// paths are one request of each class.
var paths = [classes]string{
	Directory:      "/v1.0/users/ada@contoso.com?$select=id,userPrincipalName",
	Authentication: "/v1.0/users/ada@contoso.com/authentication/phoneMethods",
}

// get makes one request and returns how long to stay away; 0 if it got through.
func (s *simulation) get(ctx context.Context, c Class) time.Duration {
	req, err := runtime.NewRequest(ctx, http.MethodGet, "https://example.com"+paths[c])
	if err != nil {
		panic(err)
	}
	resp, err := s.pipeline.Do(req)
	var rejected *Rejected
	switch {
	case errors.As(err, &rejected):
		return rejected.RetryAfter
	case err != nil:
		panic(err)
	case resp.StatusCode == http.StatusTooManyRequests:
		wait, _ := RetryAfter(resp.Header, time.Now())
		return max(wait, s.throttle.Pause())
	case resp.StatusCode == http.StatusOK:
		return 0
	}
	panic(fmt.Sprint("status ", resp.StatusCode))
}

// job is a reconcile: how many requests of each class it makes, in which order of
// importance, and how many came to their end.
type job struct {
	priority Priority
	requests [classes]int
	due      time.Time
}

// usual is what a reconcile of one user asks.
var usual = [classes]int{Directory: 4, Authentication: 2}

// queue gives out jobs that are due, of High first, as the work queue does.
type queue struct {
	mu   sync.Mutex
	jobs [priorities]jobs
}

type jobs []job

func (d jobs) Len() int           { return len(d) }
func (d jobs) Less(i, j int) bool { return d[i].due.Before(d[j].due) }
func (d jobs) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *jobs) Push(x any)        { *d = append(*d, x.(job)) }
func (d *jobs) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}

// take gives out a job, or says how long to wait for one.
func (q *queue) take() (j job, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	wait = 200 * time.Millisecond // others may put some
	for p := range q.jobs {
		d := &q.jobs[p]
		if len(*d) == 0 {
			continue
		}
		if due := time.Until((*d)[0].due); due > 0 {
			wait = min(wait, max(due, 20*time.Millisecond))
			continue
		}
		return heap.Pop(d).(job), 0
	}
	return job{}, wait
}

func (q *queue) put(n int, j job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for range n {
		heap.Push(&q.jobs[j.priority], j)
	}
}

// run has 16 workers reconcile until the time is over, and returns how many came to
// their end: of those that need authentication methods, by priority, and of the others.
func (s *simulation) run(q *queue, length time.Duration) (done [priorities]int, others int) {
	end := time.Now().Add(length)
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for time.Now().Before(end) {
				j, wait := q.take()
				if wait > 0 {
					pass(wait)
					continue
				}
				if wait := s.reconcile(j); wait > 0 {
					j.due = time.Now().Add(wait)
					q.put(1, j)
					continue
				}
				mu.Lock()
				if j.requests[Authentication] > 0 {
					done[j.priority]++
				} else {
					others++
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return done, others
}

var errStopped = errors.New("stopped in the middle")

func (s *simulation) reconcile(j job) time.Duration {
	needs := []Class{Directory}
	if j.requests[Authentication] > 0 {
		needs = append(needs, Authentication)
	}
	ctx, ticket, err := s.throttle.Admit(context.Background(), j.priority, needs...)
	if rejected := (*Rejected)(nil); errors.As(err, &rejected) {
		return rejected.RetryAfter
	}
	defer func() { ticket.Done(err) }()
	// The user is looked up first, then what else the directory is asked, side by side, then the phones.
	for c, n := range j.requests {
		for _, volley := range volleys(Class(c), n) {
			waits := make([]time.Duration, volley)
			var all sync.WaitGroup
			if Class(c) == Authentication {
				_ = s.throttle.Await(ctx, Authentication)
			}
			for i := range waits {
				all.Go(func() { waits[i] = s.get(ctx, Class(c)) })
			}
			all.Wait()
			if wait := slices.Max(waits); wait > 0 {
				err = errStopped
				return wait
			}
		}
	}
	return 0
}

// volleys are how many requests are sent at once.
func volleys(c Class, requests int) []int {
	if c == Directory && requests > 1 {
		return []int{1, requests - 1}
	}
	return slices.Repeat([]int{1}, requests)
}
