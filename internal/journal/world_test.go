package journal

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

const (
	resync = 15 * time.Minute
	theRef = "people/a"
)

var (
	epoch                  = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	numberA, numberB       = parsed("+1 2065550101"), parsed("+1 2065550102")
	foreign                = parsed("+44 2079460003")
	hidden                 = phone.Read("+1 XXXXXXXX01")
	nothing, methodA       = (*plan.Method)(nil), mobile(numberA, "")
	methodB, foreignMethod = mobile(numberB, ""), mobile(foreign, "")
)

func parsed(text string) phone.Number {
	n, err := phone.Parse(text)
	if err != nil {
		panic(err)
	}
	return n
}

func mobile(n phone.Number, sms phone.SMSSignInState) *plan.Method {
	return &plan.Method{Type: phone.Mobile, Number: phone.Read(n.Graph()), SMS: sms}
}

// world is one user with one mobile, the resource that asks for it, a Graph whose reads lag and
// whose answers are lost, and an operator that can be killed. What is left open, pick decides.
type world struct {
	pick   func(what string, n int) int
	faults int // that may yet happen

	now      time.Time
	versions []version   // all that Graph ever had, oldest first
	late     []lateWrite // writes of which nobody heard, and that Graph does later
	claim    plan.Claim  // as status has it
	wish     int         // counts the edits of the resource
	gone     bool        // its finalizer is removed
	touched  bool        // another client changed the phone
	foreign  bool        // another client's phone was there before all
	veiled   bool        // the last read showed a mask
	inSync   bool        // so says status
	pending  time.Time   // since when a write is pending, as status has it
	own      bool        // this operator recorded that
	met      bool        // the user was reconciled before

	// The operator, all of which a restart ends.
	journal Journal
	next    time.Duration // when it reconciles again; zero is at the resync
	stable  int           // the version that was believed last, or none older than it
	sent    []sentWrite

	log      []string
	problems []string
}

type version struct {
	method *plan.Method
	since  time.Time
}

type lateWrite struct {
	action plan.Action
	at     time.Time
}

type sentWrite struct {
	action  plan.Action
	at      time.Time
	result  Result
	version int // what Graph had after it
	wish    int
	shown   bool // a read was believed that shows it done
	synced  bool // status says that it is done
	before  bool // the operator before sent it
	had     bool // Graph had its number before it
}

// vain reports whether a create was refused that could do no more than what was done.
func (s sentWrite) vain() bool { return s.action.Verb == plan.Create && s.result.isRefusal() && s.had }

func newWorld(pick func(string, int) int, faults int) *world {
	w := &world{
		pick: pick, faults: faults, now: epoch,
		claim: plan.Claim{Ref: theRef, Type: phone.Mobile, Number: numberA}, journal: New(epoch.Add(-time.Hour)), wish: 1,
	}
	before := []*plan.Method{nothing, methodA, foreignMethod}[w.fault("before", 3)]
	w.versions = []version{{before, epoch.Add(-time.Hour)}}
	w.foreign, w.touched, w.met = before == foreignMethod, before == methodA, w.pick("read first", 2) == 1
	return w
}

func (w *world) note(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf("%4.0fs ", w.now.Sub(epoch).Seconds())+fmt.Sprintf(format, args...))
}

func (w *world) broken(format string, args ...any) {
	w.note("BROKEN: "+format, args...)
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

// fault picks one of n ways, of which the first is none, as long as faults are left.
func (w *world) fault(what string, n int) int {
	if w.faults == 0 || n == 1 {
		return 0
	}
	choice := w.pick(what, n)
	if choice > 0 {
		w.faults--
	}
	return choice
}

func (w *world) graph() *plan.Method { return w.versions[len(w.versions)-1].method }

func (w *world) change(m *plan.Method) {
	w.versions = append(w.versions, version{m, w.now})
}

// do carries out a write, if Graph takes it as things are.
func (w *world) do(a plan.Action) bool {
	exists := w.graph() != nil
	switch {
	case exists == (a.Verb == plan.Create):
		return false
	case a.Verb == plan.Delete:
		w.change(nil)
	default:
		w.change(mobile(a.Number, ""))
	}
	return true
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	until := w.now.Add(d)
	for _, l := range w.late {
		if !l.at.After(until) {
			w.now = l.at
			w.note("lands late: %v, %v", l.action.Verb, w.do(l.action))
		}
	}
	w.late = slices.DeleteFunc(w.late, func(l lateWrite) bool { return !l.at.After(until) })
	w.now = until
}

// step has one thing happen and the operator see to it.
func (w *world) step() {
	wait := w.next
	if wait == 0 {
		wait = time.Minute // nothing is asked for: something else wakes the user
	}
	switch edit := w.pick("edit", 3); {
	case edit == 0 || w.claim.Terminating:
		w.pass(wait)
	case edit == 1:
		w.pass(min(wait, time.Second))
		w.touched = w.touched || w.claim.Unread && !w.claim.Holder && !w.own // it is not known any more what a dead operator made
		w.claim.Number = map[phone.Number]phone.Number{numberA: numberB, numberB: numberA}[w.claim.Number]
		w.wish++
		w.claim.Changed, w.claim.Edited = true, true
		w.note("edited: %v", w.claim.Number)
	default:
		w.pass(min(wait, time.Second))
		w.claim.Terminating = true
		if !w.claim.Unread {
			w.claim.Number = phone.Number{}
		}
		w.note("deleted")
	}
	switch w.fault("meanwhile", 4) {
	case 1:
		w.restart()
	case 2:
		w.touched = true
		w.change(foreignMethod)
		w.note("another client writes another number")
	case 3:
		if w.touched = true; w.graph() != nil {
			w.change(nil)
			w.note("another client deletes the phone")
		}
	}
	w.reconcile()
}

func (w *world) restart() {
	w.note("the operator is killed")
	w.touched = w.touched || w.claim.Unread && !w.claim.Holder && w.claim.Pending != w.claim.Number.Masked()
	if last := len(w.sent) - 1; last >= 0 && w.sent[last].synced { // the next operator knows of it, too
		w.sent = w.sent[last:]
		w.sent[0].before = true
	} else {
		w.sent = nil
	}
	w.journal, w.next, w.stable, w.own = New(w.now), 0, 0, false
}

// read is what a read of Graph shows: what it has, what it had a while ago, or a mask.
func (w *world) read() []plan.Method {
	shows := []*plan.Method{w.graph()}
	for i := len(w.versions) - 2; i >= 0 && w.now.Sub(w.versions[i+1].since) < GraphReadLag; i-- {
		if !contains(shows, w.versions[i].method) {
			shows = append(shows, w.versions[i].method)
		}
	}
	if m := w.graph(); m != nil {
		shows = append(shows, &plan.Method{Type: m.Type, Number: hidden})
	}
	m := shows[w.fault("read", len(shows))]
	w.veiled = m != nil && m.Number == hidden
	w.note("shown: %v", m)
	if m == nil {
		return nil
	}
	return []plan.Method{*m}
}

func (w *world) describe() string { return strings.Join(w.log, "\n") }
