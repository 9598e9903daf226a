package main

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
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

// write is a request that asked to change a phone method.
type write struct {
	verb      string // create, update, delete, enable, disable
	phoneType string
	number    string
}

var methodPath = regexp.MustCompile(`/users/([^/]+)/authentication/phoneMethods(?:/([^/]+)(/[A-Za-z]+)?)?$`)

// methodTypes are Graph's well-known ids.
// https://learn.microsoft.com/graph/api/resources/phoneauthenticationmethod
var methodTypes = map[string]string{
	"3179e48a-750b-4051-897c-87b9720928f7": emulator.Mobile,
	"b6332ec1-7057-4abe-9331-3d72feddfe41": emulator.AlternateMobile,
	"e37fc753-ff3b-4958-9484-eaa9425c82bc": emulator.Office,
}

// readWrite understands what a request asks for, and whose phone it is.
func readWrite(r emulator.Request) (user string, w write) {
	m := methodPath.FindStringSubmatch(r.Path)
	if m == nil {
		return "", write{}
	}
	var body struct {
		Number string `json:"phoneNumber"`
		Type   string `json:"phoneType"`
	}
	_ = json.Unmarshal([]byte(r.Body), &body) // what is no JSON says nothing
	w = write{phoneType: methodTypes[m[2]], number: plain(body.Number)}
	switch {
	case r.Method == http.MethodPost && m[2] == "":
		w.verb, w.phoneType = "create", body.Type
	case r.Method == http.MethodPost:
		w.verb = strings.TrimSuffix(strings.TrimPrefix(m[3], "/"), "SmsSignIn")
	case r.Method == http.MethodDelete:
		w.verb = "delete"
	default:
		w.verb = "update"
	}
	return strings.ToLower(m[1]), w
}

// plain writes a number so that two spellings of one number are equal.
func plain(number string) string { return strings.ReplaceAll(number, " ", "") }

// judge holds one write against every rule, as things stand before it. l.mu is held.
func (l *ledger) judge(a *account, w write, at time.Time) {
	s := a.slot(w.phoneType)
	speakers := l.speakers(a, w.phoneType)
	l.judgeRight(a, w, at, speakers)
	if !s.frozen.IsZero() {
		l.accuse(a, "%s of %s, which was changed by hand when in sync, and driftPolicy is Report", w.verb, w.phoneType)
	}
	defer func() { s.wrote = at }()
	switch w.verb {
	case "create":
		l.judgeCreate(a, w, at)
	case "update", "delete":
		leaves := func(r *resource) bool { return !r.gone }
		if s.number != "" && s.by == byHand && !s.held && !slices.ContainsFunc(s.leavers, leaves) {
			l.accuse(a, "%s of %s, which is not ours: no resource could have adopted it", w.verb, w.phoneType)
		}
	}
	switch w.verb {
	case "create", "update":
		if !slices.ContainsFunc(speakers, func(r *resource) bool { return r.said(func(v version) bool { return v.number == w.number }) }) {
			l.accuse(a, "%s of %s with a number that no resource asks for", w.verb, w.phoneType)
		}
	case "delete":
		asked := func(r *resource) bool {
			return r.leaving && r.said(func(v version) bool { return v.delete != v1alpha1.DeletionOrphan })
		}
		if !slices.ContainsFunc(speakers, asked) {
			l.accuse(a, "delete of %s, and no resource that leaves asks for it", w.phoneType)
		}
		other := a.slot(emulator.AlternateMobile)
		if w.phoneType == emulator.Mobile && other.number != "" && other.told != "" && !other.doubted(other.set, at) {
			l.accuse(a, "delete of mobile while there is an alternateMobile, and the operator was told so")
		}
	case "enable", "disable":
		want := map[string]v1alpha1.SMSSignIn{"enable": v1alpha1.SMSSignInEnabled, "disable": v1alpha1.SMSSignInDisabled}[w.verb]
		if !slices.ContainsFunc(speakers, func(r *resource) bool { return r.said(func(v version) bool { return v.sms == want }) }) {
			l.accuse(a, "%s of SMS sign-in that no resource asks for", w.verb)
		}
	}
}

// doubted says whether the operator may take a hand's change for a read that lags behind a write of its own.
func (s *slot) doubted(changed, at time.Time) bool {
	return at.Sub(changed) <= blind && at.Sub(s.wrote) <= blind
}

func (r *resource) said(is func(version) bool) bool { return slices.ContainsFunc(r.versions, is) }

// judgeRight asks whether anybody may have this written at all.
func (l *ledger) judgeRight(a *account, w write, at time.Time, speakers []*resource) {
	known := func(since time.Time) bool {
		return !since.IsZero() && at.Sub(since) > underWay && (at.Sub(l.calm) > underWay || at.Sub(since) > longUnderWay)
	}
	if known(a.realm.silent) {
		l.accuse(a, "%s of %s in a tenant in mode Observe", w.verb, w.phoneType)
	}
	permitted := func(r *resource) bool {
		// Whose name is another's by now speaks for the first only to take along what it made.
		astray := a == r.user && known(r.astray) && !r.leaving
		return !known(a.realm.barred[r.namespace]) && !astray
	}
	if !slices.ContainsFunc(speakers, permitted) {
		l.accuse(a, "%s of %s, for which no permitted resource speaks", w.verb, w.phoneType)
	}
	switch {
	case a.toldAdmin:
		l.accuse(a, "%s of %s of an administrator, and the operator was told so", w.verb, w.phoneType)
	case a.admin && known(a.adminSince):
		l.accuse(a, "%s of %s of somebody who is an administrator for %.0f s", w.verb, w.phoneType, at.Sub(a.adminSince).Seconds())
	case known(a.asked):
		l.accuse(a, "%s of %s, and the user's roles were asked for %.0f s ago", w.verb, w.phoneType, at.Sub(a.asked).Seconds())
	case a.asked.IsZero():
		l.accuse(a, "%s of %s, and nobody ever asked for the user's roles", w.verb, w.phoneType)
	}
	if w.verb == "delete" && !a.slot(w.phoneType).own() && a.realm.deleted >= a.realm.limit {
		l.accuse(a, "a deletion when %d are done and %d are allowed", a.realm.deleted, a.realm.limit)
	}
}

// judgeCreate holds a creation against Graph's two rules. Only what the operator could know counts: what it was last
// told, unless a hand was there since.
func (l *ledger) judgeCreate(a *account, w write, at time.Time) {
	s, mobile := a.slot(w.phoneType), a.slot(emulator.Mobile)
	if w.phoneType == emulator.AlternateMobile && mobile.number == "" && mobile.told == "" && !mobile.doubted(mobile.gone, at) {
		l.accuse(a, "create of alternateMobile without a mobile, and the operator was told that there is none")
	}
	if s.number == "" || s.doubted(s.set, at) {
		return
	}
	if s.told != "" {
		l.accuse(a, "create of a second %s, and the operator was told of the first", w.phoneType)
	}
	if s.ackedEpoch == l.epoch && at.Sub(s.acked) < blind-5*time.Second {
		l.accuse(a, "create of a second %s soon after the first was acknowledged to the same process", w.phoneType)
	}
}

// pauseRule holds any request to Graph against the tenant's pause.
func (l *ledger) pauseRule(t *realm, a *account, at time.Time) {
	if t.pauseEpoch == l.epoch && at.Sub(t.pauseTold) > onItsWay && at.Before(t.pause) {
		l.accuse(a, "a request of tenant %s %.1f s into a pause that has %.1f s to go", t.name,
			at.Sub(t.pauseTold).Seconds(), t.pause.Sub(at).Seconds())
	}
}
