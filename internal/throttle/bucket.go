package throttle

import (
	"time"

	"golang.org/x/time/rate"
)

// bucket is the token bucket of a class. It is filled at the rate that the estimator
// allows; each request takes a token, also one that is not there, and reconciles under
// way are expected to take some more. It is guarded by its Throttle.
type bucket struct {
	estimator estimator
	ceiling   float64 // requests a second; 0: none
	learnt    bool    // before a restart
	burst     float64 // the least that the bucket holds
	tokens    *rate.Limiter
	spare     *rate.Limiter // what Low may take whatever else waits
	reserved  float64       // tokens that reconciles under way are expected to take
	queued    int           // requests of reconciles under way that Await has wait
	cost      [priorities]float64
	turns     stagger   // of reconciles that are not admitted
	dryUntil  time.Time // nothing is filled in before

	starvedAt [priorities]time.Time // when one last had to wait for tokens
}

const (
	// share of the rate is for Low however many of High wait.
	share = 0.05
	// overbook is how many more reconciles are called back than there are tokens: not
	// all of them are back in time, and a token that nobody takes is lost.
	overbook = 1.25
)

// start is what a bucket begins with.
type start struct {
	perSecond, least, burst, cost float64
	patience                      float64 // answers before the rate rises
	kept                          float64 // the highest rate that is believed after a restart
}

// starts: Microsoft lists 5 requests in 10 s for authentication methods, for each
// application in each tenant, and its own tool keeps to that. For the directory it is
// 350 units a second in the smallest tenants.
var starts = [classes]start{
	Directory:      {perSecond: 100, least: 5, burst: 1, cost: 4, kept: 100},
	Authentication: {perSecond: 0.5, least: 0.5, burst: 1, cost: 2, patience: 15, kept: 20},
}

func newBucket(s start) bucket {
	return bucket{
		estimator: estimator{perSecond: s.perSecond, least: s.least, patience: s.patience},
		burst:     s.burst,
		tokens:    rate.NewLimiter(rate.Limit(s.perSecond), int(max(s.burst, s.perSecond))),
		spare:     rate.NewLimiter(rate.Limit(share*s.perSecond), 1),
		cost:      [priorities]float64{s.cost, s.cost},
	}
}

// resume begins with a rate that was learnt before a restart.
func (b *bucket) resume(perSecond float64) {
	b.learnt = true
	b.estimator.resume(perSecond)
}

// setCeiling bounds the rate. A ceiling that is written is where the rate begins where
// nothing was learnt yet: who writes it knows.
func (b *bucket) setCeiling(perSecond float64) {
	if b.estimator.certainty == unknown && !b.learnt && perSecond > 0 && perSecond != b.ceiling {
		b.estimator.perSecond = perSecond
		b.tokens = rate.NewLimiter(rate.Limit(perSecond), int(b.depth(perSecond)))
	}
	b.ceiling = perSecond
}

// rate returns the tokens a second.
func (b *bucket) rate() float64 {
	if b.ceiling > 0 {
		return min(b.estimator.perSecond, b.ceiling)
	}
	return b.estimator.perSecond
}

// observe has the estimator learn from an answer. What is sent at a ceiling tells nothing
// of a rate above it.
func (b *bucket) observe(now time.Time, used float64) {
	was := b.estimator.perSecond
	b.estimator.observe(now, used)
	if b.ceiling > 0 {
		b.estimator.perSecond = min(b.estimator.perSecond, max(was, b.ceiling))
	}
}

// depth is what the bucket holds: a second's worth.
func (b *bucket) depth(perSecond float64) float64 { return max(perSecond, b.burst) }

// fill adds the tokens of the time that went by.
func (b *bucket) fill(now time.Time) (perSecond float64) {
	if perSecond = b.rate(); b.estimator.certainty == unknown && b.ceiling == 0 {
		perSecond *= slack // what is listed is met as what is measured is
	}
	set := func(at time.Time, inflow float64) {
		b.tokens.SetLimitAt(at, rate.Limit(inflow))
		b.spare.SetLimitAt(at, rate.Limit(share*inflow))
	}
	switch {
	case now.Before(b.dryUntil):
		set(now, 0)
	case !b.dryUntil.IsZero():
		set(b.dryUntil, perSecond)
		b.dryUntil = time.Time{}
		fallthrough
	default:
		set(now, perSecond)
	}
	b.tokens.SetBurstAt(now, int(b.depth(perSecond)))
	b.spare.SetBurstAt(now, int(b.depth(perSecond)))
	return perSecond
}

// empty takes out what there is and one more, and fills nothing in until then: Graph's
// own bucket is empty during a pause, and needs a token in reserve after it.
func (b *bucket) empty(now, until time.Time) {
	b.fill(now)
	b.tokens.ReserveN(now, max(0, int(b.tokens.TokensAt(now))))
	b.tokens.ReserveN(now, 1)
	b.dryUntil = until
	b.fill(now)
}

// has reports whether one more reconcile can be admitted.
func (b *bucket) has(now time.Time, p Priority) bool {
	perSecond := b.fill(now)
	free, spare := b.tokens.TokensAt(now)-b.reserved, b.spare.TokensAt(now) > 0
	switch {
	case p == Low && !spare:
		return free > b.depth(perSecond)/2
	case p == High && spare && now.Sub(b.starvedAt[Low]) < period:
		return free > min(b.cost[Low], b.depth(perSecond)/2) // which is Low's
	}
	return free > 0
}

// starve notes that a reconcile has to wait for tokens.
func (b *bucket) starve(now time.Time, p Priority) {
	b.estimator.starve(now)
	b.starvedAt[p] = now
}

// turn returns when a reconcile that has to wait comes back: from then on at the
// earliest.
func (b *bucket) turn(now, from time.Time, p Priority) time.Duration {
	perSecond := b.fill(now)
	short := max(0, b.reserved-b.tokens.TokensAt(now)) / perSecond
	if enough := now.Add(seconds(short)); enough.After(from) {
		from = enough
	}
	ahead := horizon
	if b.estimator.certainty == unknown && now.Sub(b.estimator.usedAt) > period {
		ahead = shortHorizon
	}
	return b.turns.next(now, from, p, seconds(b.cost[p]/(overbook*perSecond)), ahead)
}

// take takes a token for a request, or returns how long to wait: reconciles that began
// before a limit was known would run into it one and all.
func (b *bucket) take(now time.Time, p Priority) (wait time.Duration) {
	perSecond := b.fill(now)
	if debt := -b.tokens.TokensAt(now); debt > max(2*b.cost[High], perSecond) {
		return seconds(debt / perSecond)
	}
	b.tokens.ReserveN(now, 1)
	if p == Low {
		b.spare.ReserveN(now, 1)
	}
	return 0
}

// untilToken is how long until there is a whole token for one more than those that are queued: Graph may allow one
// request at a time, whatever its average.
func (b *bucket) untilToken(now time.Time) time.Duration {
	perSecond := b.fill(now)
	return max(0, seconds((1+float64(b.queued)-b.tokens.TokensAt(now))/perSecond))
}

// learnCost notes how many requests a reconcile made.
func (b *bucket) learnCost(p Priority, requests int) {
	b.cost[p] += (float64(requests) - b.cost[p]) / 16
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
