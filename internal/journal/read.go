package journal

import (
	"slices"
	"time"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// View is what a read of Graph comes to beside the journal.
type View struct {
	Methods   []plan.Method // what to believe
	Confirmed []Entry       // writes that Graph did not acknowledge, and did
	Replaced  []Replacement // numbers that Graph acknowledged, and shows others in their place
	Likely    []Entry       // creates that were made unread and not acknowledged, and their number shows
	Met       []phone.Type  // of creates that were made unread and refused, and there is a phone
	Unshown   []phone.Type  // of phones that are believed for their record alone, and none shows
	// Landed are writes of unknown outcome that Graph shows to be done, maybe over a newer one, or against a newer wish.
	Landed    []plan.Action
	ReadAgain time.Duration // when to read again; zero: the read need not be repeated
}

// Replacement is a number that another client, or Graph itself, put in the place of ours.
type Replacement struct {
	Entry Entry
	Shown phone.Reading
}

// Read compares what Graph shows now with the entries, and settles those that it can.
//
//	result             the read shows                then
//	not, made unread   a phone of the type       settled: whose it is, its number tells
//	acknowledged       the state after               believed; settled after GraphReadLag
//	acknowledged       a state before, in that time  late: the state after is believed, read again
//	acknowledged       anything else, or later       another client's: settled
//	acknowledged       SMS sign-in not switched      refused: for some users Graph does that
//	not acknowledged   the state after               acknowledged by that
//	not acknowledged   what was before earlier ones  may be late: the state before this one is believed, read again
//	Unclear            anything else                 open until it can neither land nor show
//	may be saved       anything else, in that time   open: read again
//	refused            anything else                 open; tried once more after resync
//	only recorded      anything else, in that time   late: what is recorded is believed, read again
//
// "In that time" is GraphReadLag: after the write, and after the journal began where an operator before
// this one may have written too. The argument is not changed.
func (j *Journal) Read(shown []plan.Method, now time.Time) View {
	v := View{Methods: slices.Clone(shown)}
	mayLand := j.landings
	// The first read that must show a write is the last one that counts for it, however late that read is.
	j.landings = slices.DeleteFunc(slices.Clone(mayLand), func(e Entry) bool { return !untilShown(e).After(now) })
	for _, r := range j.recorded {
		j.recall(&v, r, now)
	}
	for _, e := range slices.Clone(j.entries) {
		j.settle(&v, e, now)
	}
	v.Landed = landed(mayLand, v.Methods)
	return v
}

// settle compares one entry with what Graph shows of its phone type.
func (j *Journal) settle(v *View, e Entry, now time.Time) {
	t, age := e.Action.Type, now.Sub(e.At)
	m := plan.MethodOf(v.Methods, t)
	if e.Unread && e.Result != Acknowledged {
		if j.meet(v, e, now) {
			return
		}
		e, _ = j.last(t)
	}
	// The phone that the write found may have been made right before.
	unborn := m == nil && e.Before != nil && !e.At.After(j.unknownUntil(t))
	inherited := !e.At.After(j.since.Add(GraphReadLag)) // what an operator before wrote may show for the first time
	switch {
	case e.Result != Acknowledged && (e.mayPredate(m) || unborn) && age < GraphReadLag:
		// Such as no phone after a deletion: the read may be as old as the time before it was made.
		v.believe(t, e.Before)
		v.readAgain(age, looks[1:]...) // sooner only where a hold ends
		e.ambiguous = e.shown(m)
		j.update(e)
	case e.expired && e.shown(m):
		j.forget(t)
	case e.shown(m), e.masked(m):
		j.confirm(v, e, now)
	case e.Result == Unclear && age >= WriteDeadline+GraphReadLag && age < 2*unclearWriteHoldMax:
		// It will not come any more, but was tried: one that never works is tried less and less.
		e.expired, e.ambiguous = true, false
		j.update(e)
	case e.Result.isOpen() && age >= WriteDeadline+GraphReadLag:
		j.forget(t) // it will not come any more: what shows up later is another client's
	case e.Result != Acknowledged && age >= 2*j.retryAfter(e):
		j.forget(t) // it is not tried any more
	case e.Result != Acknowledged:
		if e.isRejected() && age >= j.retryAfter(e) {
			// Once more. If Graph refuses again, it is believed at once.
			e.refusals = refusalsToBelieve - 1
		}
		e.ambiguous = false
		j.update(e)
		if e.isProbablySaved() {
			v.readAgain(age, looks...)
		}
	case (e.mayLag(m) || unborn || inherited) && age < GraphReadLag:
		v.believe(t, e.After)
		v.readAgain(age, looks...)
	case e.Action.Verb == plan.EnableSMS || e.Action.Verb == plan.DisableSMS:
		// Acknowledged and never done: for some users Graph does that, and would do so again.
		e.Result, e.refusals, e.At = Refused, refusalsToBelieve, now
		j.update(e)
	default:
		if m != nil && m.Number.Compare(e.Action.Number) == phone.Different {
			v.Replaced = append(v.Replaced, Replacement{e, m.Number})
		}
		j.forget(t)
	}
}

// meet goes on from a create that was made unread and not acknowledged: a phone that is there may
// have been there before, so that the create is not taken for done by it. It may have been, too:
// reads may lag behind it. It reports whether that settles the entry.
func (j *Journal) meet(v *View, e Entry, now time.Time) (settled bool) {
	switch m := plan.MethodOf(v.Methods, e.Action.Type); {
	case m == nil: // the phone type is free
		e.Unread = false
	case e.Result.isRefusal():
		v.Met = append(v.Met, e.Action.Type)
		j.forget(e.Action.Type)
		return true
	case e.shown(m):
		v.Likely = append(v.Likely, e)
		j.expectNoMore(e)
		e.Result, e.At, e.unanswered = Acknowledged, now, 0
		settled = true
	}
	j.update(e)
	return settled
}

// confirm takes a write for done.
func (j *Journal) confirm(v *View, e Entry, now time.Time) {
	t := e.Action.Type
	if m := plan.MethodOf(v.Methods, t); e.masked(m) {
		m.Number = e.After.Number
		v.believe(t, m)
	}
	if e.only {
		j.forgetCreates(t) // here it is
	}
	switch e.Result {
	case Acknowledged:
	case NotFound: // deleted by another client, before us
		e.At = now
	case Unclear, NumberNotUnique, Refused, InvalidNumber, Restricted:
		v.Confirmed = append(v.Confirmed, e)
	}
	if e.Result.isOpen() {
		e.At = now // when it was done is not known
	}
	if e.Result != Acknowledged {
		j.expectNoMore(e)
	}
	if now.Sub(e.At) >= GraphReadLag {
		j.forget(t)
		return
	}
	e.Result, e.ambiguous = Acknowledged, false // and kept: the next read may lag once more
	j.update(e)
}

// update changes the entry of a phone type in its place.
func (j *Journal) update(e Entry) {
	j.entries = slices.Clone(j.entries)
	j.entries[slices.IndexFunc(j.entries, func(o Entry) bool { return o.Action.Type == e.Action.Type })] = e
}

func (v *View) believe(t phone.Type, m *plan.Method) { v.Methods = plan.Replace(v.Methods, t, m) }

// looks are the ages of a write at which a read that may be late is repeated. Most lag for less than a
// second, and some for a few. One between the last two would seldom spare the last one, and requests are few.
var looks = []time.Duration{time.Second, unclearWriteHold, GraphReadLag}

// readAgain asks for another read of what may be late, at the next of the ages; after the last one for none.
func (v *View) readAgain(age time.Duration, at ...time.Duration) {
	for _, next := range at {
		if age < next {
			v.ReadAgain = sooner(v.ReadAgain, next-age)
			return
		}
	}
}
