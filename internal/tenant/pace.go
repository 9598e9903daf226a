package tenant

import (
	"math"
	"time"
)

// pace learns how many requests a second Graph takes from a tenant. Limits are
// not known beforehand: they depend on the size of the tenant and the load of the
// service, and Graph publishes none for authentication methods. So there is no
// limit until Graph shows the first sign of one. Then:
//
//   - x-ms-throttle-limit-percentage, which Graph sends from 0.8 on, steers: the
//     pace is held where the figure stays a little below 1.
//   - A 429 tells what got through since the one before: that is the limit.
//   - While there is neither and passes wait, the pace rises, the faster the longer
//     it is quiet: the limit may be gone, or never have been one.
//
// It is plain arithmetic on a clock that it is given, and guarded by its Gate.
//
// Source: https://learn.microsoft.com/graph/throttling
type pace struct {
	learnt float64 // requests a second; 0: no sign of a limit

	sign   time.Time // of the last sign
	raised time.Time // up to when the pace was raised

	used   float64   // the last limit percentage, as a share
	usedAt time.Time // when it came

	refusal time.Time // when the last 429 came
	through int       // accepted since

	before  *pace // without the first 429, while that may have been a stray
	others  int   // accepted that were sent after the one that was refused
	strikes int   // stray 429s in a row with little between

	measured float64 // what got through between two 429s, a second
	agreed   int     // how often that was the same again

	recent tally
}

const (
	// period is Graph's own: its limits are written per 10 seconds.
	period = 10 * time.Second

	// The share of the limit at which the pace is held, how strongly it is drawn
	// there, and how much of the distance the learnt figure itself takes each second.
	target = 0.92
	pull   = 2
	drift  = 0.05

	// slack is left below what got through. mostFall is how far one 429 takes the
	// pace down when few asked, again when it comes too soon after another to
	// measure. Two measures are alike within this share.
	slack    = 0.97
	again    = 0.97
	mostFall = 0.75
	alike    = 0.15

	// slowest is the slowest pace. A bare 429, without a header that tells of a
	// limit, may be bad weather: below slowestBare the pause that it asks for has to
	// do, unless strikeOut of them come with fewer than few requests between.
	slowest     = 1
	slowestBare = 3
	tooFew      = 50
	few         = 10
	strikeOut   = 3

	// forgotten is after how long without a sign there is no limit any more.
	forgotten = 10 * time.Minute
)

// rate returns the requests a second that are allowed; 0 is any number.
func (p *pace) rate(now time.Time) float64 {
	switch {
	case p.learnt == 0:
		return 0
	case now.Sub(p.sign) > forgotten:
		*p = pace{recent: p.recent}
		return 0
	case p.usedAt.IsZero():
		return p.learnt
	case now.Sub(p.usedAt) < time.Second:
		return p.learnt * min(max(1+pull*(target-p.used), 0.3), 1.3)
	case now.Sub(p.usedAt) < period:
		return p.learnt * 1.1 // below 0.8 by now, or the header would be there
	}
	return p.learnt
}

// accept notes a request that got through. used is the limit percentage as a
// share; 0: none was sent.
func (p *pace) accept(now time.Time, used float64) {
	p.recent.add(now)
	p.through++
	if used <= 0 {
		return
	}
	if p.learnt == 0 {
		p.learn(now, p.recent.total(now)/used/period.Seconds(), slowest)
	} else if !p.usedAt.IsZero() {
		p.learnt *= 1 + drift*(target-used)*min(now.Sub(p.usedAt).Seconds(), 1)
	}
	p.sign, p.used, p.usedAt = now, used, now
}

// refuse notes the first 429 after a time without. bare says that no header
// told of a limit beside it.
func (p *pace) refuse(now time.Time, bare bool) {
	p.before = nil
	if bare {
		if p.stray(now) {
			return
		}
		if p.learnt == 0 {
			was := *p
			p.before, p.others = &was, 0
		}
	}
	p.fall(now, bare)
}

// stray says whether a bare 429 comes where no limit is likely: hardly anybody
// asked in the last period.
func (p *pace) stray(now time.Time) bool {
	if p.learnt > 0 || p.recent.total(now) >= tooFew {
		return false
	}
	if p.through >= few {
		p.strikes = 0
	}
	p.strikes++
	p.through = 0
	return p.strikes < strikeOut
}

// beside notes how a request was answered that was sent after the one that was
// refused, before anybody knew. Where a limit was reached, all of them are refused;
// two that got through show that there was none.
func (p *pace) beside(accepted bool) {
	if !accepted {
		p.before = nil
	}
	if p.before == nil {
		return
	}
	if p.others++; p.others >= 2 {
		was := p.before
		was.recent, was.through = p.recent, p.through
		*p = *was
		p.before = nil
	}
}

func (p *pace) fall(now time.Time, bare bool) {
	measured := p.recent.total(now) / period.Seconds()
	since := now.Sub(p.refusal)
	whole := !p.refusal.IsZero() && since >= period/2
	if whole {
		// Graph had nothing left then and has nothing left now.
		measured = float64(p.through) / since.Seconds()
	}
	switch {
	case p.learnt == 0:
		p.agreed = 0
	case now.Sub(p.raised) > period/2: // few asked: that little got through says little
		measured = max(measured, mostFall*p.learnt)
	case !whole:
		measured = again * p.learnt
	case math.Abs(measured-p.measured) < p.measured*alike:
		p.agreed++
	default:
		p.agreed = 0
	}
	floor := float64(slowest)
	if bare && p.agreed == 0 {
		floor = slowestBare
	}
	if whole || p.measured == 0 {
		p.measured = measured
	}
	p.learn(now, slack*measured, floor)
	if p.sign = now; whole || p.refusal.IsZero() {
		p.refusal, p.through = now, 0
	}
}

func (p *pace) learn(now time.Time, perSecond, floor float64) {
	p.learnt = max(perSecond, floor)
	p.raised = now
}

// raise is called when a pass has to wait for nothing but the pace.
func (p *pace) raise(now time.Time) {
	if p.learnt == 0 {
		return
	}
	dt := min(now.Sub(p.raised).Seconds(), 1)
	p.raised = now
	if !p.usedAt.IsZero() && now.Sub(p.usedAt) < period {
		return // what Graph says steers
	}
	// A limit that was measured again and again is believed; a stranger may be bad
	// weather.
	quiet, doubt := now.Sub(p.sign).Seconds(), math.Exp2(-float64(min(p.agreed, 3)))
	speed := min(0.01*doubt*math.Exp2(max(doubt, 1./3)*max(0, quiet-5)/5), 0.25)
	p.learnt *= 1 + speed*dt
}

// tally counts what happened in the last period, in steps of a twentieth of it.
type tally struct {
	counts [20]int
	at     int64 // the step of the newest count
}

func (t *tally) add(now time.Time) {
	t.turn(now)
	t.counts[t.at%int64(len(t.counts))]++
}

func (t *tally) total(now time.Time) float64 {
	t.turn(now)
	sum := 0
	for _, n := range t.counts {
		sum += n
	}
	return float64(sum)
}

// turn clears the steps that went by.
func (t *tally) turn(now time.Time) {
	step := now.UnixNano() / int64(period/time.Duration(len(t.counts)))
	for n := 0; t.at < step && n < len(t.counts); n++ {
		t.at++
		t.counts[t.at%int64(len(t.counts))] = 0
	}
	t.at = max(t.at, step)
}
