package journal

import (
	"maps"
	"slices"
	"time"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// ExpectPredecessor notes that a write may land which an operator before this one was sending
// when it was killed, right before the journal began.
func (j *Journal) ExpectPredecessor() { j.deadline = later(j.deadline, j.since.Add(WriteDeadline)) }

// ExpectPredecessorCreate notes that a create may land which an operator before this one began.
// When it did so is not asked: it was not after the journal began, whatever its clock says.
func (j *Journal) ExpectPredecessorCreate(t phone.Type, now time.Time) {
	if until := j.since.Add(WriteDeadline); until.After(now) {
		j.expectCreate(t, until)
	}
}

func (j *Journal) expectCreate(t phone.Type, until time.Time) {
	creates := maps.Clone(j.creates)
	if creates == nil {
		creates = map[phone.Type]time.Time{}
	}
	creates[t] = later(creates[t], until)
	j.creates = creates
}

// landed returns those of some writes of which Graph shows what they were to bring about. A create lands over nothing newer.
func landed(writes []Entry, shown []plan.Method) (actions []plan.Action) {
	for _, e := range writes {
		if e.Action.Verb != plan.Create && e.shown(plan.MethodOf(shown, e.Action.Type)) {
			actions = append(actions, e.Action)
		}
	}
	return actions
}

// untilShown is until when a write of unknown outcome may land, and come to be shown.
func untilShown(e Entry) time.Time { return e.At.Add(WriteDeadline + GraphReadLag) }

// expectNoMore notes that a write of unknown outcome was done: it does not land once more.
func (j *Journal) expectNoMore(e Entry) {
	if i := slices.IndexFunc(j.landings, e.isSame); i >= 0 {
		j.landings = slices.Delete(slices.Clone(j.landings), i, i+1)
	}
}

func (j *Journal) forgetCreates(t phone.Type) {
	j.creates = maps.Clone(j.creates)
	delete(j.creates, t)
}

// CreateMayLand reports whether a create of the phone type may yet land whose answer was lost.
func (j Journal) CreateMayLand(t phone.Type, now time.Time) bool { return j.creates[t].After(now) }

// Accounts reports whether the last write of a claim's phone type is a create for it that met no phone: Graph accepted it,
// or its outcome is open and the phone type was free when it was read after it.
func (j Journal) Accounts(c plan.Claim) bool {
	e, ok := j.lastCreate(c)
	return ok && !e.Result.isRefusal() && (!e.Unread || e.Result == Acknowledged)
}

// MadeNothing reports whether the last write of a claim's phone type is a create for it that Graph refused, and no other one
// may yet land: what shows of the type is another client's.
func (j Journal) MadeNothing(c plan.Claim, now time.Time) bool {
	e, ok := j.lastCreate(c)
	return ok && e.Result.isRefusal() && !j.CreateMayLand(c.Type, now)
}

func (j Journal) lastCreate(c plan.Claim) (Entry, bool) {
	e, ok := j.last(c.Type)
	return e, ok && e.Action.Verb == plan.Create && e.Action.For == c.Ref
}

// UntilLanded is how long a write may yet land whose answer was lost, over whatever is there: after that the user must be
// read once more, and again when reads must show it. Zero: nothing can land or come to be shown.
func (j Journal) UntilLanded(now time.Time) time.Duration {
	wait := j.deadline.Sub(now)
	if wait > 0 {
		return wait
	}
	for _, e := range j.landings {
		if e.Action.Verb != plan.Create {
			wait = max(wait, untilShown(e).Sub(now))
		}
	}
	return max(0, wait)
}

// PendingSettled reports whether nothing is left of the pending write of a claim that could yet
// come to pass. v is the verdict about the claim; since is when the pending write was recorded.
// If only time is missing to that, wait is how long.
func (j Journal) PendingSettled(c plan.Claim, v plan.Verdict, since, now time.Time) (settled bool, wait time.Duration) {
	if wait := j.creates[c.Type].Sub(now); wait > 0 {
		return false, wait
	}
	visible := later(j.since, since).Add(GraphReadLag)
	switch {
	case v.Owns, c.Pending == "", v.Outcome == plan.Rejected:
		return true, 0
	case c.Terminating: // what it began, it deletes if it comes
		return false, 0
	case j.Unsettled(c.Type):
		e, _ := j.last(c.Type)
		return false, max(0, untilShown(e).Sub(now))
	case v.Method != nil && v.Method.Number == phone.Reading{}: // which shows nothing
		return false, 0
	case v.Method == nil: // it may land
		visible = visible.Add(WriteDeadline)
	}
	wait = max(0, visible.Sub(now))
	return wait == 0, wait
}

// UntilPendingExpires is how long a pending write of which nothing is read may yet land or come
// to be shown; zero or less: it is over.
func (j Journal) UntilPendingExpires(since, now time.Time) time.Duration {
	return later(j.since, since).Add(WriteDeadline + GraphReadLag).Sub(now)
}
