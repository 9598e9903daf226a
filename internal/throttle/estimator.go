package throttle

import (
	"math"
	"time"
)

// estimator learns how many requests a second Graph accepts. Limits are not known
// beforehand: they depend on the size of the tenant and the load of the service.
//
//   - A 429 tells what was answered since the one before: that is the limit.
//   - The rate stays where Microsoft lists it until some requests were answered, or many wait: a
//     429 is a large part of what a few users cost.
//   - While requests wait, each answer raises the rate: fast until the first 429, slower
//     after it, and slowest where two 429s told the same limit. A rate that is far above
//     a limit shows that this limit is gone, and rises faster again.
//   - x-ms-throttle-limit-percentage, which Graph may send from 0.8 on, steers instead:
//     the rate is held where the figure stays a little below 1.
//
// It is plain arithmetic on the times that it is given.
//
// Source: https://learn.microsoft.com/graph/throttling
type estimator struct {
	perSecond float64
	least     float64 // the least that is likely: a limit below it must be measured twice
	patience  float64 // answers before the rate rises for the first time, unless many wait
	certainty certainty

	refused  time.Time // when the last 429 came that told a limit
	answered float64   // since then
	limit    float64   // what it told
	fellTo   float64   // where it left the rate
	starved  time.Time // when a request last had to wait for a token
	waiting  float64   // how often one had to lately, each forgotten within shortHorizon

	recent   float64 // answered lately, each forgotten within a period
	recentAt time.Time

	usedAt time.Time // when Graph last told how much of the limit is used
}

// certainty is how well the limit is known.
type certainty int

const (
	unknown   certainty = iota // no 429 yet
	resumed                    // no 429 yet; the rate is what was learnt before a restart
	measured                   // by one 429
	confirmed                  // by two that told the same
)

// rise is how the rate rises: not before so many requests were answered, and so much
// time went by, since the last 429; then e-fold in as many requests, or in as much time
// if that is longer. So a limit that is confirmed is run into once in 150 requests and in
// 30 seconds, at most.
var rise = [...]struct {
	requests float64
	time     time.Duration
}{
	unknown:   {1, time.Second},
	resumed:   {10, 5 * time.Second},
	measured:  {10, 5 * time.Second},
	confirmed: {150, 30 * time.Second},
}

// gone is how many times as high as after the last 429 the rate is when that limit is
// taken for gone, and how well the limit is known then.
var gone = [...]struct {
	times float64
	then  certainty
}{
	unknown:   {math.Inf(1), unknown},
	resumed:   {3, unknown},
	measured:  {3, unknown},
	confirmed: {2, measured},
}

const (
	// period is Graph's own: its limits are written per 10 seconds.
	period = 10 * time.Second
	// maxPerSecond is above what any number of workers asks.
	maxPerSecond = 1000
	// slack is left below what was measured.
	slack = 0.97
	// mostFall is how far one 429 takes the rate down when few asked.
	mostFall = 0.75
	// crowd is how many wait when the first 429, by which a limit is found, is worth its cost at once: it is under 2 % of
	// what will be asked.
	crowd = 50
	// alike is how far apart two measures of the same limit may be.
	alike = 0.3

	// target is the share of the limit at which the rate is held, drift how much of the
	// distance it takes each second.
	target = 0.92
	drift  = 0.05
)

// observe learns from the answer to a request; one that was refused counts at Graph too. used
// is the limit percentage as a share; 0: none was sent.
func (e *estimator) observe(now time.Time, used float64) {
	e.recent, e.recentAt = e.lately(now)+1, now
	e.answered++
	r := rise[e.certainty]
	switch since := now.Sub(e.refused); {
	case used > 0:
		if e.usedAt.IsZero() {
			e.perSecond = e.lately(now) / used / period.Seconds()
		} else {
			e.perSecond *= 1 + drift*(target-used)*min(now.Sub(e.usedAt).Seconds(), 1)
		}
		e.usedAt = now
	case now.Sub(e.starved) > period, since < r.time, e.answered < r.requests, now.Sub(e.usedAt) < period:
	case e.certainty == unknown && e.answered < e.patience && e.waitingAt(now) < crowd:
	default:
		e.perSecond = min(e.perSecond*(1+1/max(r.requests, r.time.Seconds()*e.perSecond)), maxPerSecond)
		if g := gone[e.certainty]; e.perSecond > g.times*e.fellTo {
			e.certainty = g.then
		}
	}
}

// starve notes that a request has to wait for a token.
func (e *estimator) starve(now time.Time) {
	e.waiting, e.starved = e.waitingAt(now)+1, now
}

// waitingAt is about how many wait: each comes back within shortHorizon while no limit is known.
func (e *estimator) waitingAt(now time.Time) float64 {
	return e.waiting * math.Exp(-now.Sub(e.starved).Seconds()/shortHorizon.Seconds())
}

// resume begins with a rate that was learnt before a restart.
func (e *estimator) resume(perSecond float64) {
	if perSecond != e.perSecond { // or it is where every rate begins
		e.certainty, e.perSecond, e.limit, e.fellTo = resumed, perSecond, perSecond, perSecond
	}
}

// observe429 learns the limit from the first 429 of a pause.
func (e *estimator) observe429(now time.Time) {
	lately := e.lately(now) / period.Seconds()
	limit, since := lately, now.Sub(e.refused)
	if e.certainty > resumed {
		if since < period/2 { // too soon after another to measure
			e.perSecond *= slack
			return
		}
		// Graph had nothing left then and has nothing left now. Where much more was
		// answered lately, the limit is another than it was most of the time.
		if limit = e.answered / since.Seconds(); lately > 2*limit {
			limit = lately
		}
	}
	few := now.Sub(e.starved) > period // no request waited: that few were answered tells no limit
	same := math.Abs(limit-e.limit) < alike*e.limit
	if e.certainty == unknown && math.Abs(limit-e.least) < alike*e.least {
		same, limit = true, e.least // as it is listed
	}
	if same && !few {
		e.certainty, e.perSecond = confirmed, slack*limit
	} else {
		least := e.least
		if few && e.certainty != unknown || e.certainty == resumed {
			least = max(least, mostFall*e.perSecond)
		}
		if e.certainty == unknown {
			limit = max(limit, least) // too few were answered yet to tell one that is lower
		}
		e.certainty, e.perSecond = measured, max(slack*limit, least)
	}
	e.limit, e.fellTo, e.refused, e.answered = limit, e.perSecond, now, 0
}

// lately returns how many requests were answered in the last period, about.
func (e *estimator) lately(now time.Time) float64 {
	return e.recent * math.Exp(-now.Sub(e.recentAt).Seconds()/period.Seconds())
}
