package tenant

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
)

// How long to stay away after a 429 that does not say: doubled with each in a
// row, up to the most.
const (
	firstPause = 5 * time.Second
	mostPause  = 5 * time.Minute
)

// Gate is what all requests of a tenant to Graph pass. A limit of Graph is the
// tenant's, not one request's: after a 429 nobody asks until Graph allows it, and
// as many users are worked on as the limit has room for. Where nobody answers, one
// pass at a time tries, later and later. Nobody is held: who comes too early is
// told how long to stay away.
//
// It decides at two places. Begin lets a pass in, or not: a pass needs several
// requests, and one that is cut in the middle asked for nothing. The transport
// answers 429 itself to requests while Graph's own 429 lasts. A Gate outlives the
// connections of its tenant. It is safe for concurrent use.
type Gate struct {
	now func() time.Time

	mu      sync.Mutex
	until   time.Time // closed up to here
	last    ticket    // of the request or pass that was let through last
	closed  ticket    // the last one when the gate was closed last
	refused time.Time // when the request was sent that closed it
	mute    int       // 429s in a row without Retry-After

	pace    pace
	ceiling float64 // requests a second; 0: none
	room    room
	away    away
}

// ticket is the number of a request, or of a pass as it begins: it tells which was
// sent before another, and before the gate was closed. Two readings of a clock may
// be the same.
type ticket int64

// sending is a request that was let through.
type sending struct {
	ticket ticket
	at     time.Time
}

// NewGate returns an open gate.
func NewGate(now func() time.Time) *Gate { return &Gate{now: now} }

// SetCeiling bounds what the gate lets through, in requests a second on average;
// 0 is no bound.
func (g *Gate) SetCeiling(perSecond float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ceiling = perSecond
}

// forgive opens a gate that is closed because nobody answered.
func (g *Gate) forgive() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.away = away{heard: g.last}
}

// Closed says why no pass is let in now: because Graph asked for a pause, or because
// nobody answers there.
func (g *Gate) Closed() (throttled, unanswered bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.until.After(g.now()), g.away.closed > 0
}

// Wait returns for how long Graph asked for a pause; 0 is none.
func (g *Gate) Wait() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(0, g.until.Sub(g.now()))
}

// rate returns the requests a second that are allowed; 0 is any number.
func (g *Gate) rate(now time.Time) float64 {
	r := g.pace.rate(now)
	if g.ceiling > 0 && (r == 0 || r > g.ceiling) {
		return g.ceiling
	}
	return r
}

// heed learns from the answer to a request, and closes the gate if Graph asks for it.
func (g *Gate) heed(sent sending, status int, h http.Header) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	asked, said := graph.RetryAfter(h, now)
	// Requests that were on their way when another was refused say the same again.
	news := sent.ticket > g.closed
	// Of those sent at one moment any may have come to Graph first.
	if !news && sent.at.After(g.refused) {
		g.pace.beside(status != http.StatusTooManyRequests)
	}
	switch {
	case status == http.StatusTooManyRequests:
		if news {
			g.pace.refuse(now, limitShare(h) == 0 && h.Get("x-ms-throttle-scope") == "")
			g.refused = sent.at
		}
		if !said {
			asked = min(firstPause<<min(g.mute, 10), mostPause)
			asked += rand.N(asked / 2)
			if !news {
				return
			}
			g.mute++
		}
	case status == http.StatusServiceUnavailable && said:
	default:
		g.pace.accept(now, limitShare(h))
		if status < 300 && news {
			g.mute = 0
		}
		return
	}
	// A longer wait is not shortened by an answer to an earlier request.
	if until := now.Add(asked); until.After(g.until) {
		g.until = until
	}
	if news {
		g.closed = g.last
	}
}

// limitShare returns how much of the limit is used, 1 being all of it; 0 if Graph
// does not say.
func limitShare(h http.Header) float64 {
	share, err := strconv.ParseFloat(h.Get("x-ms-throttle-limit-percentage"), 64)
	if err != nil || !(share > 0 && share < 10) {
		return 0
	}
	return share
}
