package phonemethod

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/journal"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/testing/oracle"
)

// ledger is what an onlooker writes down who sees every request and every write,
// and knows whose hand did what.
type ledger struct {
	slots      map[slotKey]*slotNotes
	inSync     map[types.UID]agreed // what was agreed when a resource was last said to be in sync
	pause      time.Time            // Graph asked for quiet until then
	deletions  []time.Time
	lags       map[string]time.Time    // by user: reads may be behind until then
	spent      map[types.UID]bool      // the note of a create is recorded in status
	met        map[types.UID]bool      // its create met a phone that was there before
	refused    map[types.UID]time.Time // when Graph last refused a change for a resource
	masking    bool                    // Graph may be masking numbers
	writes     int                     // to Graph and to the API server
	refusals   int                     // writes that Graph refused
	violations []violation
	unjudged   map[rule]bool // see knowsNot
}

type slotKey struct {
	user string
	t    v1alpha1.PhoneType
}

// slotNotes are of one phone type of one user.
type slotNotes struct {
	from    origin
	owner   types.UID // the resource that the phone was last made or taken over for
	touched time.Time // when somebody last changed the phone by hand
	unclear bool      // a write of ours may or may not have been done, and nobody has looked since
	wrote   time.Time // when the operator last wrote it
	made    string    // the number that the operator last created it with
	counted bool      // its last deletion is among those of the hour
	left    bool      // a resource went and left the phone behind as it should
	unread  *process  // the operator that made it without a look at what was there before
}

// origin says who put the phone there that Graph has.
type origin int

const (
	byHand origin = iota
	byUs
)

// agreed is what a resource asked for, and when Graph held just that.
type agreed struct {
	generation int64
	number     phone.Number
	request    string
	at         time.Time
}

// violation is a rule that was broken, and how.
type violation struct {
	rule rule
	what string
}

// rule is one of the rules that hold at every moment, in words.
type rule int

const (
	graphsRules rule = iota
	everyWriteIsSpokenFor
	nothingInObserve
	nobodyPrivileged
	pausesAreKept
	unclearIsReadAgain
	budgetIsKept
	numbersArePrivate
	operatorWritesItsOwnFields
	suspendedIsLeftAlone
	inSyncIsTrue
	nothingIsLost
	oneHolder
	noBusyLoop
	atRest
)

func newLedger() ledger {
	return ledger{
		slots: map[slotKey]*slotNotes{}, inSync: map[types.UID]agreed{},
		lags: map[string]time.Time{}, refused: map[types.UID]time.Time{}, spent: map[types.UID]bool{}, met: map[types.UID]bool{},
		unjudged: map[rule]bool{},
	}
}

// knowsNot has the model leave a rule alone in a tale that it is not made for; why says what it does
// not know.
func (m *model) knowsNot(why string, rules ...rule) {
	m.logf("  the model does not know %s", why)
	for _, r := range rules {
		m.unjudged[r] = true
	}
}

func (m *model) broken(r rule, format string, args ...any) {
	if m.unjudged[r] {
		return
	}
	v := violation{r, fmt.Sprintf(format, args...)}
	m.logf("  VIOLATION: %s", v.what)
	m.violations = append(m.violations, v)
}

func (l *ledger) slot(user string, t v1alpha1.PhoneType) *slotNotes {
	key := slotKey{user, t}
	if l.slots[key] == nil {
		l.slots[key] = &slotNotes{}
	}
	return l.slots[key]
}

// asked is one request of the operator.
type asked struct {
	oracle.Write        // no verb: a read
	list         bool   // a read of the user's phones
	user         string // whose phones it is about
	before       []emulator.Phone
	late         bool      // of a read: what it shows may be old
	by           types.UID // the resource that speaks for it
}

func (a asked) t() v1alpha1.PhoneType { return v1alpha1.PhoneType(a.Type) }

func (a asked) String() string { return fmt.Sprintf("%s %s of %.3s", a.Write, a.Number, a.user) }

// asking looks at a request on its way to Graph.
func (m *model) asking(r *http.Request, body []byte) asked {
	m.lastFault = ""
	if wait := time.Until(m.pause); wait > 0 {
		m.broken(pausesAreKept, "%s %s is sent %v before Graph allows it", r.Method, r.URL.Path, wait)
	}
	var a asked
	if a.user, a.Write = oracle.Read(emulator.Request{Method: r.Method, Path: r.URL.Path, Body: string(body)}); a.user == "" {
		return a
	}
	a.list, a.before, a.late = a.Verb == "", m.graph.Phones(a.user), m.lagging(a.user)
	if !a.list {
		a.by = m.judge(a)
	}
	return a
}

// answered looks at Graph's answer, and at what the request did.
func (m *model) answered(a asked, resp *http.Response, err error) {
	m.heed(resp)
	status := "no answer"
	if resp != nil {
		status = strconv.Itoa(resp.StatusCode)
	}
	whole := resp != nil && m.lastFault != string(emulator.Half) && m.lastFault != string(emulator.Garble)
	if a.list && whole && resp.StatusCode == http.StatusOK {
		for _, t := range phone.Types() {
			m.slot(a.user, v1alpha1.PhoneType(t)).unclear = false
		}
	}
	if a.list && a.late {
		m.behind(a.user, time.Now()) // however long it took to come
	}
	if a.Verb == oracle.Delete && resp != nil && resp.StatusCode >= 400 && resp.StatusCode < 500 && m.slot(a.user, a.t()).counted && len(m.deletions) > 0 {
		m.deletions = m.deletions[:len(m.deletions)-1] // nothing was deleted
	}
	if a.Verb == "" {
		if m.lastFault != "" || err != nil || resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNotFound {
			m.logf("    a read: %s %s", status, m.lastFault)
		}
		return
	}
	if resp != nil && resp.StatusCode >= 400 && resp.StatusCode < 500 {
		m.refusals++
		seen.refused++
	} else {
		m.writes++
		seen.writes++
	}
	s := m.slot(a.user, a.t())
	now := m.has(a.user, a.t())
	if was := phoneOf(a.before, a.t()); !same(was, now) && now != nil && a.Verb != oracle.Enable && a.Verb != oracle.Disable {
		*s = slotNotes{from: byUs, owner: a.by, made: s.made}
		for _, o := range m.speakers(a) {
			if a.Verb == oracle.Create && o.now != nil && o.now.UID == a.by && isUnread(o.now) {
				s.unread = m.process
			}
		}
	} else if a.Verb == oracle.Create && was != nil {
		m.met[a.by] = m.met[a.by] || resp != nil && (resp.StatusCode == http.StatusBadRequest || resp.StatusCode == http.StatusConflict)
	}
	s.unclear = resp == nil || resp.StatusCode >= 500 ||
		resp.StatusCode < 300 && !whole && a.Verb == oracle.Create || resp.StatusCode == http.StatusConflict
	if m.lastFault == string(emulator.Lag) {
		m.behind(a.user, time.Now().Add(mostLag))
	}
	s.wrote = time.Now()
	if resp != nil && resp.StatusCode >= 400 && resp.StatusCode < 500 {
		for _, o := range m.speakers(a) {
			m.refused[o.spec.UID] = time.Now()
		}
	}
	m.logf("    %s: %s %s", a, status, m.lastFault)
}

// mostLag is how long reads lag behind at most, in this model.
const mostLag = 20 * time.Second

// behind notes that until then what the operator knows of a user may be old.
func (m *model) behind(user string, until time.Time) {
	if until.After(m.lags[user]) {
		m.lags[user] = until
	}
}

// lagging reports whether what the operator knows of a user may be old: a write may wait for its turn for 10 seconds after
// the read.
func (m *model) lagging(user string) bool {
	return !time.Now().After(m.lags[user].Add(11 * time.Second))
}

// heed notes for how long Graph wants to be left alone.
func (m *model) heed(resp *http.Response) {
	if resp == nil || resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return
	}
	after := resp.Header.Get("Retry-After")
	until := time.Time{}
	if seconds, err := strconv.Atoi(after); err == nil {
		until = time.Now().Add(time.Duration(seconds) * time.Second)
	} else if at, err := http.ParseTime(after); err == nil {
		until = at
	} else if resp.StatusCode == http.StatusTooManyRequests {
		until = time.Now().Add(5 * time.Second) // and longer each time
	}
	if until.After(m.pause) {
		m.pause = until
	}
}

// touch notes that somebody changed a user's phone by hand.
func (m *model) touch(user string, t v1alpha1.PhoneType) {
	was := m.slot(user, t)
	m.behind(user, was.wrote.Add(journal.GraphReadLag)) // Graph shows what was there before the write, and the operator is patient
	*was = slotNotes{from: byHand, touched: time.Now(), wrote: was.wrote, unclear: was.unclear}
}

// private looks for a number in what is written where others read.
func (m *model) private(where, text string) {
	for _, digits := range nationalNumbers {
		if strings.Contains(text, digits) {
			m.broken(numbersArePrivate, "a phone number is in %s: %s", where, text)
		}
	}
}

func phoneOf(phones []emulator.Phone, t v1alpha1.PhoneType) *emulator.Phone {
	for _, p := range phones {
		if p.Type == string(t) {
			return &p
		}
	}
	return nil
}

func same(a, b *emulator.Phone) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Number == b.Number
}
