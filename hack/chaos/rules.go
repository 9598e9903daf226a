package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/oracle"
)

// What the operator cannot be blamed for.
const (
	// blind is how long the operator may take a hand's change for a read that lags behind its own write: the 30 s that
	// it grants Graph, and a little.
	blind = 35 * time.Second
	// underWay is how long a pass that began before a switch was known may still write: a few calls, some of them slow.
	underWay = 15 * time.Second
	// longUnderWay is the same when the API server or etcd was disturbed meanwhile.
	longUnderWay = time.Minute
	// onItsWay is how long the word of a pause may need to reach every worker on a busy machine.
	onItsWay = 1500 * time.Millisecond
)

// judge holds one write against every rule, as things stand before it. l.mu is held.
func (l *ledger) judge(a *account, w oracle.Write, at time.Time) {
	for _, objection := range l.situation(a, w, at).Objections(w) {
		l.accuse(a, "%s", objection)
	}
	a.slot(w.Type).wrote = at
}

// situation is what the operator could know at that time, before a write. l.mu is held.
func (l *ledger) situation(a *account, w oracle.Write, at time.Time) oracle.Situation {
	known := func(since time.Time) bool {
		return !since.IsZero() && at.Sub(since) > underWay && (at.Sub(l.calm) > underWay || at.Sub(since) > longUnderWay)
	}
	s, mobile, alternate := a.slot(w.Type), a.slot(emulator.Mobile), a.slot(emulator.AlternateMobile)
	out := oracle.Situation{
		Observe: known(a.realm.silent),
		Drifted: !s.frozen.IsZero(),
		Stranger: s.number != "" && s.by == byHand && !s.held &&
			!slices.ContainsFunc(s.leavers, func(r *resource) bool { return !r.gone }),
		Overdrawn: !s.own() && a.realm.deleted >= a.realm.limit,
		Exists: s.number != "" && !s.doubted(s.set, at) &&
			(s.told != "" && l.toldOf(a, w.Type) || s.ackedEpoch == l.epoch && at.Sub(s.acked) < blind-5*time.Second),
		MissesMobile: mobile.number == "" && mobile.told == "" && !mobile.doubted(mobile.gone, at),
		HasAlternate: alternate.number != "" && alternate.told != "" && !alternate.doubted(alternate.set, at),
	}
	switch {
	case a.toldAdmin:
		out.Privileged = "an administrator, and the operator was told so"
	case a.admin && known(a.adminSince):
		out.Privileged = fmt.Sprintf("an administrator for %.0f s", at.Sub(a.adminSince).Seconds())
	case known(a.asked):
		out.Privileged = fmt.Sprintf("roles were asked for %.0f s ago", at.Sub(a.asked).Seconds())
	case a.asked.IsZero():
		out.Privileged = "nobody ever asked for the user's roles"
	}
	for _, r := range l.speakers(a, w.Type) {
		// Whose name is another's by now speaks for the first only to take along what it made.
		astray := a == r.user && known(r.astray) && !r.leaving
		speaker := oracle.Speaker{Name: r.ref, Leaving: r.leaving, Permitted: !known(a.realm.barred[r.namespace]) && !astray}
		for _, v := range r.versions {
			speaker.Says = append(speaker.Says, v.Says)
		}
		out.Speakers = append(out.Speakers, speaker)
	}
	return out
}

// toldOf reports whether the operator was told what there is since a resource of it was made, and can remember it: before
// that it has nothing to remember it by, and an operator that ended before it came to a verdict left nothing. Then it
// creates without looking. l.mu is held.
func (l *ledger) toldOf(a *account, phoneType string) bool {
	s := a.slot(phoneType)
	return slices.ContainsFunc(l.speakers(a, phoneType), func(r *resource) bool {
		return !r.made.After(s.toldAt) && (r.verdict || s.toldEpoch == l.epoch)
	})
}

// doubted reports whether the operator may take a hand's change for a read that lags behind a write of its own.
func (s *slot) doubted(changed, at time.Time) bool {
	return at.Sub(changed) <= blind && at.Sub(s.wrote) <= blind
}

// pauseRule holds any request to Graph against the tenant's pause.
func (l *ledger) pauseRule(t *realm, a *account, at time.Time) {
	if t.pauseEpoch == l.epoch && at.Sub(t.pauseTold) > onItsWay && at.Before(t.pause) {
		l.accuse(a, "a request of tenant %s %.1f s into a pause that has %.1f s to go", t.name,
			at.Sub(t.pauseTold).Seconds(), t.pause.Sub(at).Seconds())
	}
}
