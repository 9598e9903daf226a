package journal

import (
	"time"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// The operator of the world, as the controllers use the journal: it reads, plans, writes, and
// reports into the claim.

// reconcile is one look at the user. A kill ends it.
func (w *world) reconcile() {
	if w.gone {
		return
	}
	start := w.now
	c := w.claim
	w.next = 0
	w.journal.Begin(resync, []plan.Claim{c}, map[string]string{theRef: string(rune('0' + w.wish))})
	if c.Pending != "" && !w.own {
		w.journal.ExpectPredecessorCreate(phone.Mobile, w.now)
	}
	if c.Holder || c.Pending != "" {
		w.journal.ExpectPredecessor()
	}
	w.journal.ExpectRecorded(nil)
	if w.inSync && !c.Changed && !c.Terminating {
		w.journal.ExpectRecorded([]Recorded{{Type: phone.Mobile, Number: c.Number}})
	}
	unread := !w.met && !c.Terminating && c.Pending == "" && w.journal.IsEmpty(start)
	w.met = true
	var believed []plan.Method
	if !unread {
		believed = w.observe(&c, start)
	}
	fresh := false
	for range 10 {
		decided := plan.Compute([]plan.Claim{c}, believed)
		if len(decided.Actions) == 0 {
			w.report(c, decided.Verdicts[theRef], start)
			return
		}
		a := decided.Actions[0]
		if v := decided.Verdicts[theRef]; v.Owns && !w.claim.Holder && a.Verb != plan.Create { // recorded before it becomes wrong
			c.Holder, c.Last, c.Changed, c.Edited = true, "", true, true
			w.claim.Holder = true
		}
		if a.Verb == plan.Create && (c.Pending != a.Number.Masked() || c.Unread != unread) {
			fresh = c.Pending == ""
			c.Pending, c.Unread, w.pending, w.own = a.Number.Masked(), unread, w.now, true
			w.claim.Pending, w.claim.Unread = c.Pending, c.Unread // recorded before the write
		}
		result, ok := w.send(a)
		if !ok {
			return
		}
		e := Entry{Action: a, Before: plan.MethodOf(believed, a.Type), At: w.now, Result: result, Request: string(rune('0' + w.wish)), Unread: unread}
		if a.Verb != plan.Delete {
			e.After = mobile(a.Number, "")
		}
		if result.isRefusal() && a.Verb == plan.Create && fresh && !unread && !w.journal.CreateMayLand(phone.Mobile, w.now) {
			c.Pending = ""
		}
		w.journal.Record(e)
		if result == Acknowledged {
			believed = plan.Replace(believed, a.Type, e.After)
			w.believes(believed)
			w.succeeded(&c, a)
		}
		if result != Acknowledged || a.Verb == plan.Update {
			believed, unread = w.observe(&c, start), false
		} else {
			w.unseen(&c, believed, start)
		}
	}
	w.ask(time.Second)
}

func (w *world) observe(c *plan.Claim, start time.Time) []plan.Method {
	view := w.journal.Read(w.read(), start)
	if c.Unread && (len(view.Met) > 0 || w.journal.MadeNothing(*c, start)) {
		c.Pending, c.Unread = "", false
	}
	c.Unread = c.Unread && !w.journal.Accounts(*c)
	w.ask(view.ReadAgain)
	w.believes(view.Methods)
	if n := len(w.sent); n > 0 {
		e := Entry{Action: w.sent[n-1].action}
		w.sent[n-1].shown = w.sent[n-1].shown || e.shown(plan.MethodOf(view.Methods, phone.Mobile))
	}
	for _, e := range view.Confirmed {
		w.succeeded(c, e.Action)
	}
	holds, next := w.journal.Holds([]plan.Claim{*c}, start)
	w.ask(next)
	for _, h := range holds {
		c.Holds = plan.Holds{plan.Refused: h.Refused}
		if h.Unsettled {
			c.Holds = c.Holds.With(plan.Unsettled, plan.AllWrites)
		}
	}
	w.unseen(c, view.Methods, start)
	return view.Methods
}

func (w *world) unseen(c *plan.Claim, believed []plan.Method, start time.Time) {
	refs, next := w.journal.Unseen([]plan.Claim{*c}, believed, start)
	w.ask(next)
	if len(refs) > 0 {
		c.Holds = c.Holds.With(plan.Unsettled, plan.AllWrites)
	}
}

func (w *world) succeeded(c *plan.Claim, a plan.Action) {
	if a.Verb == plan.Create || a.Verb == plan.Update {
		c.Holder, c.Last, c.Was, c.Changed = true, a.Number.Masked(), a.Number, true
	}
}

// report writes what is known into status, and removes the finalizer of what may go.
func (w *world) report(c plan.Claim, v plan.Verdict, start time.Time) {
	if c.Pending != "" {
		settled, wait := w.journal.PendingSettled(c, v, w.pending, start)
		w.ask(wait)
		if settled {
			c.Pending = ""
		}
	}
	w.ask(w.journal.UntilLanded(start))
	if v.Outcome == plan.Released {
		w.note("released")
		w.gone = true
		if w.journal.CreateMayLand(phone.Mobile, w.now) {
			w.broken("the resource goes while a create may land")
		}
	}
	if last := len(w.sent) - 1; v.Outcome == plan.Rejected && last >= 0 && w.sent[last].vain() && !w.touched {
		w.broken("a create is called rejected that came second to one of ours")
	}
	acted := v.Outcome == plan.Synced
	if w.inSync = acted && v.Owns; w.inSync && len(w.sent) > 0 {
		last := &w.sent[len(w.sent)-1]
		last.synced = last.result == Acknowledged
	}
	w.claim = plan.Claim{
		Ref: theRef, Type: phone.Mobile, Number: c.Number, Terminating: c.Terminating, Holder: v.Owns, Last: c.Last, Pending: c.Pending, Unread: c.Unread,
		Changed: !acted && w.claim.Changed, Edited: !acted && w.claim.Edited,
	}
	w.note("reported: %v, next in %v", v.Outcome, w.next)
}

func (w *world) ask(d time.Duration) {
	if d > 0 {
		w.next = sooner(w.next, d)
	}
}

// send writes to Graph. It returns false where the reconcile ends with it.
func (w *world) send(a plan.Action) (Result, bool) {
	w.judge(a)
	mine := w.graph() != nil && w.graph().Number.Compare(a.Number) == phone.Equal
	result := Acknowledged
	answer := w.fault("answer", 8)
	switch answer {
	case 1, 2, 3:
		result = Unclear
	case 4:
		result = Refused
	case 5:
		switch last := len(w.sent) - 1; {
		case a.Verb == plan.Delete:
			result = NotFound
		case last >= 0 && w.sent[last].result.isRefusal(): // said twice, an error is believed
			answer, result = 4, Refused
		default:
			result = NumberNotUnique
		}
	}
	switch answer {
	case 0, 1, 5, 6: // done, as far as Graph can, unless it denied that there is a phone
		if answer == 5 && a.Verb == plan.Delete || w.do(a) {
			break
		}
		switch {
		case answer == 1 || answer == 6:
		case a.Verb == plan.Create:
			result = Refused
		case a.Verb == plan.Delete:
			result = NotFound
		default: // an update of nothing is an error that changes nothing, and is tried again
			w.note("%v: there is none", a.Verb)
			w.ask(time.Second)
			return 0, false
		}
	case 3, 7:
		w.late = append(w.late, lateWrite{a, w.now.Add(WriteDeadline - 15*time.Second)})
	}
	w.note("%v %v: %v", a.Verb, a.Number, []string{
		"done", "done, no answer", "lost, no answer", "later, no answer", "refused", "an error, perhaps done", "done, and killed", "later, and killed",
	}[answer])
	if answer > 5 {
		w.sent = nil // a write came after what status tells of
		w.restart()
		return 0, false
	}
	w.sent = append(w.sent, sentWrite{
		action: a, at: w.now, result: result, version: len(w.versions) - 1, wish: w.wish, had: mine,
	})
	return result, true
}

// judge holds a write that is about to be sent to what must not happen.
func (w *world) judge(a plan.Action) {
	for _, l := range w.late {
		if !w.claim.Holder && a.Verb == plan.Create && l.action.Verb == plan.Create && l.action.Number != a.Number {
			w.broken("another create is sent while one may land")
		}
	}
	if len(w.sent) == 0 {
		return
	}
	last := w.sent[len(w.sent)-1]
	same := last.action.Verb == a.Verb && last.action.Number == a.Number
	hold := map[Result]time.Duration{Unclear: unclearWriteHold, NumberNotUnique: GraphReadLag, NotFound: unclearWriteHold, Refused: refusalRecheck}
	if w.now.Sub(last.at) < hold[last.result] && !last.shown && (same && last.wish == w.wish || !last.result.isRefusal()) {
		w.broken("%v is sent while it is not known what became of %v", a.Verb, last.action.Verb)
	}
	if same && last.result == Acknowledged && last.version == len(w.versions)-1 && !w.touched && (!last.before || last.wish == w.wish) {
		w.broken("%v was acknowledged and is written twice", a.Verb)
	}
}

// believes holds what is believed to what was believed before. Of what the one before it
// wrote a new operator knows nothing; what another client changes may show late too.
func (w *world) believes(methods []plan.Method) {
	m := plan.MethodOf(methods, phone.Mobile)
	if w.touched || m != nil && m.Number == hidden || w.now.Sub(w.journal.since) < WriteDeadline+2*GraphReadLag {
		return
	}
	for i := w.stable; i < len(w.versions); i++ {
		if contains([]*plan.Method{w.versions[i].method}, m) {
			w.stable = i
			return
		}
	}
	w.broken("believed is %v, which is older than what was believed before", m)
}
