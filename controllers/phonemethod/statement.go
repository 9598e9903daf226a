package phonemethod

import (
	"errors"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/plan"
)

// statement is what a reconcile says of one resource.
type statement struct {
	set conditions.Set
	// status is the resource's with what it holds, and without what set says.
	status v1alpha1.PhoneAuthenticationMethodStatus
	// after is when there may be something else to say; 0: when something happens.
	after time.Duration
	// nameless: it is not known whether the resource means this user.
	nameless bool
}

// says returns a statement that leaves what the resource holds as it is.
func (c resource) says(set conditions.Set) statement {
	return statement{set: set, status: *c.object.Status.DeepCopy()}
}

// soon returns the statement for no longer than d; 0 sets no limit.
func (t statement) soon(d time.Duration) statement {
	t.after = earliest(t.after, d)
	return t
}

// stateVerdict says of a resource what the plan decided.
func stateVerdict(u phones, c resource, v plan.Verdict) statement {
	t := c.says(conditions.Set{})
	if v.Outcome != plan.Suspended {
		t = stateHolding(u, c, v)
	}
	subject := conditions.Subject{
		Claim: c.Claim, Namespace: c.object.Namespace, Why: c.why, RefusedAs: c.refusedAs, Undone: c.undone, Observe: u.isObserving(),
	}
	subject.LostVerb, subject.Lost = u.journal.Lost(c.Claim, u.now)
	subject.RequestID, subject.Unanswered = u.journal.Unanswered(c.Claim)
	if v.Outcome == plan.Barred && c.Barred == plan.NumberSourceNotFound {
		try := c.untilNextTry(u.now)
		subject.Young = try > 0
		t = t.soon(try)
	}
	// Reads may lag longer than the journal waits: what Graph refused may be there.
	mayBeThere := v.Outcome == plan.Rejected && c.refusedAs != graph.Restricted && c.refusedAs != graph.InvalidNumber
	if mayBeThere || v.Outcome == plan.WaitingForMobile || v.Outcome == plan.WaitingForAlternateMobile {
		t = t.soon(c.backOff(u.now, u.resyncPeriod()))
	}
	t.set = conditions.ForVerdict(subject, v)
	return t
}

// stateHolding says what a resource holds: its id, SMS sign-in state, mask and pending write.
func stateHolding(u phones, c resource, v plan.Verdict) statement {
	t := c.says(conditions.Set{})
	t.status.ID = ""
	if v.Owns {
		t.status.ID = graph.MethodID(c.Type)
	}
	switch {
	case !v.Owns || v.Method == nil:
		t.status.SMSSignInState = ""
	case v.Method.SMS != "":
		t.status.SMSSignInState = string(v.Method.SMS)
	}
	if w := t.status.PendingWrite; w != nil {
		settled, wait := u.journal.PendingSettled(c.Claim, v, w.Since.Time, u.now)
		if t = t.soon(wait); settled {
			t.status.PendingWrite = nil
		}
	}
	// Of a holder this is the number last in sync: it tells an edit from drift.
	switch number := c.Number; {
	case !number.IsZero() && (v.Outcome == plan.Synced || !v.Owns):
		t.status.MaskedNumber = number.Masked()
	case v.Owns && !c.Holder:
		t.status.MaskedNumber = "" // it made the phone, and was not in sync with it yet
	case c.Holder && c.Last != "":
		t.status.MaskedNumber = c.Last
	}
	return t
}

// stateSuspended says that nothing is done for a resource. Its pending write is removed once the
// request can no longer take effect: no read settles it while the resource is suspended, and a phone
// of the same mask that another client adds later must not be taken for its own.
func stateSuspended(s snapshot, c resource) statement {
	t := c.says(conditions.Unchanged())
	if w := t.status.PendingWrite; w != nil {
		if wait := s.journal.UntilPendingExpires(w.Since.Time, s.now); wait > 0 {
			t = t.soon(wait)
		} else {
			t.status.PendingWrite = nil
		}
	}
	conditions.Suspend(&t.status, c.object.Generation, s.user.ID != "")
	return t
}

// stateFailure says that an error kept the reconcile from a verdict. The conditions of a settled
// resource stay: an outage of Graph says nothing about a phone, and must not rewrite every resource of
// a tenant. They are replaced if the resource asks for something else by now, or if the reconcile saw a
// difference before the failure. decided are the verdicts by then, nil for none.
func stateFailure(s snapshot, c resource, failure *graph.Error, decided map[string]plan.Verdict) statement {
	set := conditions.ForFailure(failure, s.isObserving())
	v, seen := decided[c.Ref]
	switch {
	case c.veiled && !isOfTenant(failure):
		set = conditions.NotCoveredYet()
	case set.Progress == conditions.InProgress && c.isSettled() && !c.differs() && (!seen || !c.contradicts(v)):
		set = conditions.Unchanged()
	}
	t := c.says(set)
	if c.Holder && (t.status.ID == "" || c.carriedOut) { // written before the failure
		t.status.ID, t.status.MaskedNumber = graph.MethodID(c.Type), c.Last
	}
	if c.intended && c.Pending == "" {
		t.status.PendingWrite = nil
	}
	return t
}

// isOfTenant reports whether a failure of a request concerns every request of the tenant.
func isOfTenant(err error) bool {
	kind := graph.KindOf(err)
	return kind == graph.Throttled || kind == graph.CredentialFailed || kind == "" && !errors.Is(err, errManyNames)
}
