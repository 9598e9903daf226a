package phonemethod

import (
	"time"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/user"
)

// work has the operator make what is due, up to so many passes.
func (m *model) work(passes int) {
	for range passes {
		key, ok := m.due()
		if !ok || len(m.violations) > 0 {
			return
		}
		m.pass(key)
	}
}

// due returns the key whose turn it is. When nothing is left to do, what is late
// comes in: the cache catches up, and the tenant is connected.
func (m *model) due() (user.Key, bool) {
	p := m.process
	for {
		for p.informer.behind == 0 && len(p.informer.pending) > 0 {
			p.informer.arrive(p.Reconciler, p.work)
		}
		switch key, at, ok := p.work.first(); {
		case ok && !at.After(time.Now()):
			return key, true
		case p.informer.behind > 0:
			p.informer.behind = 0
		case m.registered == nil && m.tenant.state != tenantMissing:
			m.connectTenant()
		default:
			return user.Key{}, false
		}
	}
}

// busy is how many passes there may be at one moment.
const busy = 60

// wait lets time go by, and the operator work when it is due.
func (m *model) wait(d time.Duration) {
	deadline := time.Now().Add(d)
	for len(m.violations) == 0 {
		before, moment := m.passes, time.Now()
		m.work(busy)
		if m.passes-before >= busy && time.Now().Equal(moment) {
			m.broken(noBusyLoop, "%d passes, and no time goes by", busy)
			return
		}
		if _, ok := m.due(); ok {
			continue
		}
		_, at, ok := m.process.work.first()
		if !ok || at.After(deadline) {
			break
		}
		time.Sleep(time.Until(at)) //nolint:forbidigo // the clock is synctest's
	}
	time.Sleep(time.Until(deadline)) //nolint:forbidigo // the clock is synctest's
}

// settle stops all that disturbs, lets time go by until the operator comes to rest,
// and then looks whether all is as it should be.
func (m *model) settle() {
	m.logf("%s: nothing disturbs any more", time.Now().Format("02 15:04:05"))
	m.graph.ClearFaults()
	_ = m.graph.UpdateUser(eve, func(u *emulator.User) { u.HiddenFor = 0 }) // if she came
	m.masking, m.apiFaults, m.process.fuse, m.process.informer.behind = false, nil, nil, 0
	for hours, quiet := 0, 0; quiet < quietHours && len(m.violations) == 0; hours++ {
		if hours == mostHours {
			m.broken(atRest, "the operator still writes after %d hours", hours)
			return
		}
		m.writes, m.refusals = 0, 0
		m.wait(time.Hour)
		if quiet++; m.writes > 0 || m.refusals > mostRefusals {
			quiet = 0
		}
	}
	m.writes = 0
	for _, o := range m.cluster.pams {
		m.process.work.Add(user.KeyOf(o))
	}
	m.work(busy)
	if m.writes > 0 {
		m.broken(atRest, "at rest, a further look at everybody writes something")
	}
	m.judgeRest()
}

// At rest is who has written nothing for so many hours: everybody is looked at
// once in an hour and something. A budget of one deletion an hour takes its time.
const (
	quietHours = 3
	// What Graph refused is tried again now and then, since nothing tells when it
	// would not: a deletion every ten minutes, anything else every hour.
	mostRefusals = 8
	mostHours    = 30
)

// elapse lets time pass in which the operator does nothing.
func elapse(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // the clock is synctest's
