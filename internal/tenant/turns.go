package tenant

import (
	"math/rand/v2"
	"time"
)

// turns gives out times at which those who have to wait come back, so that they do
// not come all at once. The zero value has given out none.
type turns struct {
	promised [2]time.Time // up to when turns were given out
}

// next returns how long to stay away: until from, and then one after the other.
// Where there is no turn left that is near enough, it is any time that is: what is
// promised further ahead is wrong when it comes.
func (t *turns) next(now, from time.Time, u urgency, apart time.Duration) time.Duration {
	next := from
	if t.promised[u].After(next) {
		next = t.promised[u]
	}
	if next.After(from.Add(longestTurn)) {
		return from.Sub(now) + longestTurn/2 + rand.N(longestTurn/2)
	}
	t.promised[u] = next.Add(apart)
	return next.Sub(now)
}
