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

// landing is a number whose write may land, and come to be shown, until a time.
type landing struct {
	phoneType phone.Type
	number    phone.Number
	until     time.Time
}

// landed returns the numbers that Graph shows and that writes of unknown outcome were to bring about, by phone type.
func (j *Journal) landed(shown []plan.Method, now time.Time) map[phone.Type]phone.Number {
	j.landings = slices.DeleteFunc(slices.Clone(j.landings), func(l landing) bool { return l.until.Before(now) })
	numbers := map[phone.Type]phone.Number{}
	for _, l := range j.landings {
		if m := plan.MethodOf(shown, l.phoneType); m != nil && m.Number.Compare(l.number) == phone.Equal {
			numbers[l.phoneType] = l.number
		}
	}
	return numbers
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

// UntilLanded is how long a write may yet land whose answer was lost, over whatever is there:
// after that the user must be read once more. Zero: nothing can land.
func (j Journal) UntilLanded(now time.Time) time.Duration { return max(0, j.deadline.Sub(now)) }

// PendingSettled reports whether nothing is left of the pending write of a claim that could yet
// come to pass. v is the verdict about the claim; since is when the pending write was recorded.
// If a create may still land, wait is how long.
func (j Journal) PendingSettled(c plan.Claim, v plan.Verdict, since, now time.Time) (settled bool, wait time.Duration) {
	if wait := j.creates[c.Type].Sub(now); wait > 0 {
		return false, wait
	}
	since = later(j.since, since)
	switch {
	case v.Holds, c.Creating == "", v.Outcome == plan.Rejected:
		return true, 0
	case j.Unsettled(c.Type), c.Terminating: // what a terminating claim began, it deletes if it comes
		return false, 0
	case v.Method != nil: // another phone, unless the read lags; a masked number shows nothing
		return v.Method.Number != phone.Reading{} && since.Add(GraphReadLag).Before(now), 0
	}
	return since.Add(WriteDeadline).Before(now), 0
}

// UntilPendingExpires is how long a pending write of which nothing is read may yet land or come
// to be shown; zero or less: it is over.
func (j Journal) UntilPendingExpires(since, now time.Time) time.Duration {
	return later(j.since, since).Add(WriteDeadline + GraphReadLag).Sub(now)
}
