package tenant

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
)

// away is what is known of a Graph that does not answer. Whoever asks it is held
// until the attempt is given up, and there are only so many workers. So the gate
// closes after passes that came to nothing for want of an answer, for longer each
// time, and when it opens again one pass tries for all.
//
// The end of a pass is what counts, not that of a request: of a read that was cut
// and answered at the second attempt, or a write that was found done by reading,
// there is no more to say. It is guarded by its Gate.
type away struct {
	heard ticket // the last request when a pass came to its end
	noted ticket // the last request when a pass was lost
	lost  int    // passes in a row, without those under way together

	closed  int       // times in a row; 0: the gate is open
	until   time.Time // no pass before
	trial   *Pass     // the one that tries for all; nil: none does
	waiting turns
}

const (
	// enough passes in a row are lost to errors that come at once, as where a
	// connection is refused or cut, before the gate is closed: one cut connection
	// takes all with it that are under way on it, and counts once.
	enough = 3
	// timeUp is for how long a pass has waited that was lost to a timeout. One is
	// enough: nobody else got an answer in all that time.
	timeUp = 5 * time.Second

	// How long the gate is closed at first, and at most, before jitter. A mistake
	// costs a second.
	firstAway = time.Second
	mostAway  = time.Minute

	// afterTrial is how long to stay away while another pass tries.
	afterTrial = time.Second
	// awayApart is between those that come back when the gate opens: 50 a second.
	awayApart = 20 * time.Millisecond
)

// wait returns how long a pass has to stay away; 0 lets it in.
func (a *away) wait(now time.Time, u urgency) time.Duration {
	switch {
	case a.closed == 0:
		return 0
	case now.Before(a.until):
		return a.waiting.next(now, a.until, u, awayApart)
	case a.trial != nil:
		return a.waiting.next(now, now.Add(afterTrial), u, awayApart)
	}
	return 0
}

// enter notes a pass that was let in.
func (a *away) enter(p *Pass) {
	if a.closed > 0 {
		a.trial = p
	}
}

// triesFirst says whether the next request is the first of the pass that tries.
func (g *Gate) triesFirst(ctx context.Context) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	p, ok := ctx.Value(passKey{}).(*Pass)
	return ok && p == g.away.trial && p.made == 0
}

// leave learns from a pass that ended with err. last is the last request of anybody.
func (a *away) leave(now time.Time, p *Pass, err error, last ticket) {
	switch {
	case a.closed > 0 && a.trial != p:
		// It was under way when the gate was closed: what it met is known.
	case graph.Silent(err):
		a.lose(now, p, last)
	case p.made > 0 && !errors.Is(err, context.Canceled):
		a.heard, a.lost, a.closed = last, 0, 0
	}
	if a.trial == p {
		a.trial = nil
	}
}

// lose notes a pass that came to nothing for want of an answer. If somebody came to
// an end since its last request, Graph is there; if somebody was lost since, the two
// may have met the same.
func (a *away) lose(now time.Time, p *Pass, last ticket) {
	if p.last <= max(a.heard, a.noted) {
		return
	}
	a.noted = last
	if a.lost++; a.closed == 0 && a.lost < enough && now.Sub(p.asked) < timeUp {
		return
	}
	pause := min(firstAway<<min(a.closed, 10), mostAway)
	a.until = now.Add(pause + rand.N(pause/2))
	a.closed++
}
