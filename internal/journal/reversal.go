package journal

import (
	"time"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// reversalsToReport is how often a number is written anew right after Graph showed the same
// other number in its place. Something in Entra then reverses it each time, be it Graph's own
// way to write the number or a person: the next attempt is left to the resync.
const reversalsToReport = 2

// Reversal counts how often Graph showed one number right after another one was written. The
// zero value is none.
type Reversal struct {
	sent  phone.Number
	shown phone.Reading
	times int
	last  time.Time
}

// Count returns the reversal with one more replacement, or the first one of another pair of numbers.
func (r Reversal) Count(o Replacement, now time.Time) Reversal {
	sent := o.Entry.Action.Number
	if r.sent != sent || r.shown != o.Shown {
		r = Reversal{sent: sent, shown: o.Shown}
	}
	r.times++
	r.last = now
	return r
}

// Persists reports whether a claim's number is not to be written until the resync, because the
// same other number took its place each time. m is what Graph shows, nil for none.
func (r Reversal) Persists(c plan.Claim, m *plan.Method, resync time.Duration, now time.Time) bool {
	return m != nil && c.Holder && r.times >= reversalsToReport && r.sent == c.Number && r.shown == m.Number &&
		r.last.Add(resync*3/4).After(now)
}
