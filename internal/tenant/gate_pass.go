package tenant

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
)

// room is what the pace has room for: credit grows with the rate, each request
// takes one, and passes under way are expected to take some more. It is guarded
// by its Gate.
type room struct {
	at       time.Time // up to when credit has grown
	credit   float64   // requests
	owed     float64   // requests that passes under way are expected to make yet
	spare    float64   // requests that drift checks may make whatever else there is
	cost     [2]float64
	promised [2]time.Time // up to when turns were given out
}

// urgency tells passes that somebody waits for from drift checks.
type urgency int

const (
	urgent urgency = iota
	unhurried
)

func urgencyOf(low bool) urgency {
	if low {
		return unhurried
	}
	return urgent
}

const (
	// firstCost is the number of requests that a pass is taken to need until
	// passes were seen.
	firstCost = 5
	// share of the rate is for drift checks however many users wait.
	share = 0.1
	// overbook is how many more turns are given out than there is room for: not
	// everybody is back in time, and room that nobody takes is lost.
	overbook = 1.25
	// longestTurn bounds what is promised: the pace may change meanwhile.
	longestTurn = 20 * time.Second
)

// depth is the most credit that can be saved up: a second's worth.
func depth(rate float64) float64 { return max(rate, 1) }

// grow adds the credit of the time that went by. Without a limit there is none.
func (r *room) grow(now time.Time, rate float64) {
	if rate == 0 || now.Before(r.at) {
		r.at, r.credit, r.spare = now, 0, 0
		return
	}
	grown := rate * now.Sub(r.at).Seconds()
	r.credit = min(r.credit+grown, depth(rate))
	r.spare = min(r.spare+share*grown, depth(rate))
	r.at = now
}

// has says whether there is room for one more pass.
func (r *room) has(u urgency, rate float64) bool {
	free := r.credit - r.owed
	if u == unhurried && r.spare <= 0 {
		return free > depth(rate)/2
	}
	return free > 0
}

func (r *room) costOf(u urgency) float64 {
	if r.cost[u] == 0 {
		return firstCost
	}
	return r.cost[u]
}

// turn gives out the next turn after from to a pass that has to wait.
func (r *room) turn(now, from time.Time, u urgency, rate float64) time.Duration {
	short := max(0, r.owed-r.credit) / rate
	next := now.Add(time.Duration(short * float64(time.Second)))
	for _, t := range []time.Time{from, r.promised[u]} {
		if t.After(next) {
			next = t
		}
	}
	if last := now.Add(longestTurn); next.After(last) && !from.After(last) {
		return longestTurn/2 + rand.N(longestTurn/2)
	}
	r.promised[u] = next.Add(time.Duration(r.costOf(u) / (overbook * rate) * float64(time.Second)))
	return next.Sub(now)
}

// Pass is a pass that was let in. Its requests are told by their context.
type Pass struct {
	gate    *Gate
	urgency urgency
	expects float64 // requests owed yet
	made    int
	last    ticket    // of its last request
	asked   time.Time // when that was
}

type passKey struct{}

// Begin lets a pass in, or says why not and how long it has to stay away: Throttled,
// or Unavailable where nobody answers. low is for drift checks: they are the first to
// be turned away and keep a tenth of the room. The requests of the pass are made with
// the context that is returned; the pass must be ended.
func (g *Gate) Begin(ctx context.Context, low bool) (context.Context, *Pass, *graph.Error) {
	u := urgencyOf(low)
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if wait := g.away.wait(now, u); wait > 0 {
		return ctx, nil, turnedAway(graph.Unavailable, wait)
	}
	rate := g.rate(now)
	shut := g.until.After(now)
	g.last++
	p := &Pass{gate: g, urgency: u, last: g.last, asked: now}
	if rate > 0 {
		g.room.grow(now, rate)
		if !shut && !g.room.has(u, rate) {
			g.pace.raise(now)
			rate = g.rate(now)
		}
		if shut || !g.room.has(u, rate) {
			return ctx, nil, turnedAway(graph.Throttled, g.room.turn(now, g.until, u, rate))
		}
		p.expects = g.room.costOf(u)
		g.room.owed += p.expects
	} else if shut {
		return ctx, nil, turnedAway(graph.Throttled, g.until.Sub(now))
	}
	g.away.enter(p)
	return context.WithValue(ctx, passKey{}, p), p, nil
}

func turnedAway(why graph.Kind, wait time.Duration) *graph.Error {
	return &graph.Error{Kind: why, Op: "begin", Cause: "the tenant waits", RetryAfter: max(wait, time.Millisecond)}
}

// End gives back what the pass did not use. err is what the pass came to: one that
// nobody answered is told by it.
func (p *Pass) End(err error) {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	g.away.leave(g.now(), p, err, g.last)
	g.room.owed -= p.expects
	p.expects = 0
	if p.made > 0 {
		cost := g.room.costOf(p.urgency)
		g.room.cost[p.urgency] = cost + (float64(p.made)-cost)/16
	}
}

// pay counts a request that is about to be sent, or returns how long the gate
// stays closed.
func (g *Gate) pay(ctx context.Context) (sent sending, wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if wait := g.until.Sub(now); wait > 0 {
		return sending{}, wait
	}
	rate := g.rate(now)
	g.room.grow(now, rate)
	// Passes that began before a limit was known would run into it one and all.
	if debt := -g.room.credit; rate > 0 && debt > max(2*g.room.costOf(urgent), rate) {
		return sending{}, time.Duration(debt / rate * float64(time.Second))
	}
	g.last++
	p, ok := ctx.Value(passKey{}).(*Pass)
	if ok {
		p.made++
		p.last, p.asked = g.last, now
	}
	if rate == 0 {
		return sending{g.last, now}, 0
	}
	g.room.credit--
	if ok {
		back := min(p.expects, 1)
		p.expects -= back
		g.room.owed -= back
		if p.urgency == unhurried {
			g.room.spare--
		}
	}
	return sending{g.last, now}, 0
}
