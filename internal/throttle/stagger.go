package throttle

import (
	"math/rand/v2"
	"time"
)

// How far ahead a time to come back is promised: what is further ahead is wrong by then,
// and soon wrong where a rate is not known yet.
const (
	horizon      = 20 * time.Second
	shortHorizon = 2 * time.Second
)

// stagger gives out times to come back, so that those who wait do not come all at
// once. The zero value has given out none.
type stagger struct {
	promised [priorities]time.Time // up to when times were given out
}

// next returns how long to stay away: until from, then one after the other. Beyond
// the horizon it is any time in its second half.
func (s *stagger) next(now, from time.Time, p Priority, apart, horizon time.Duration) time.Duration {
	next := from
	if s.promised[p].After(next) {
		next = s.promised[p]
	}
	if next.After(from.Add(horizon)) {
		return from.Sub(now) + horizon/2 + rand.N(horizon/2)
	}
	s.promised[p] = next.Add(apart)
	return next.Sub(now)
}
