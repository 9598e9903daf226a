package tenant

import (
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"golang.org/x/time/rate"
)

// How long to stay away after a 429 that does not say: doubled with each in a
// row, up to the most.
const (
	firstPause = 5 * time.Second
	mostPause  = 5 * time.Minute
)

// Gate is what all requests of a tenant to Graph pass. A limit of Graph is the
// tenant's, not one request's: after a 429 nobody asks until Graph allows it.
// Whoever tries is answered 429 here, with what is left of the wait; nobody is
// held. A Gate outlives the connections of its tenant. It is safe for concurrent
// use.
type Gate struct {
	now func() time.Time

	mu    sync.Mutex
	until time.Time
	mute  int // 429s in a row without Retry-After
}

// NewGate returns an open gate.
func NewGate(now func() time.Time) *Gate { return &Gate{now: now} }

// Wait returns how long the gate stays closed; 0 is open.
func (g *Gate) Wait() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(0, g.until.Sub(g.now()))
}

// heed closes the gate if Graph asks for it.
func (g *Gate) heed(status int, retryAfter string) {
	asked, said := parseRetryAfter(retryAfter, g.now())
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case status == http.StatusTooManyRequests && said, status == http.StatusServiceUnavailable && said:
	case status == http.StatusTooManyRequests:
		asked = min(firstPause<<min(g.mute, 10), mostPause)
		asked += rand.N(asked / 2)
		g.mute++
	default:
		if status < 300 {
			g.mute = 0
		}
		return
	}
	// A longer wait is not shortened by an answer to an earlier request.
	if until := g.now().Add(asked); until.After(g.until) {
		g.until = until
	}
}

// parseRetryAfter reads both forms of the header: seconds and a date.
func parseRetryAfter(s string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.Atoi(s); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(s); err == nil {
		return max(0, at.Sub(now)), true
	}
	return 0, false
}

// gated sends requests through a gate, and no more in a second than the ceiling.
type gated struct {
	gate    *Gate
	ceiling *rate.Limiter // nil: none
	next    policy.Transporter
}

func (g gated) Do(r *http.Request) (*http.Response, error) {
	if g.ceiling != nil {
		// Fractions of a second, since no more workers wait than there are.
		if err := g.ceiling.Wait(r.Context()); err != nil {
			return nil, err
		}
	}
	if wait := g.gate.Wait(); wait > 0 {
		return notNow(r, wait), nil
	}
	resp, err := g.next.Do(r)
	if err == nil {
		g.gate.heed(resp.StatusCode, resp.Header.Get("Retry-After"))
	}
	return resp, err
}

// notNow is Graph's own answer to a request that comes too early.
func notNow(r *http.Request, wait time.Duration) *http.Response {
	seconds := int((wait + time.Second - 1) / time.Second)
	return &http.Response{
		Status: "429 Too Many Requests", StatusCode: http.StatusTooManyRequests,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Retry-After": {strconv.Itoa(seconds)}},
		Body:   io.NopCloser(strings.NewReader("")),
	}
}
