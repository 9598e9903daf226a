package plan

import (
	"slices"

	"github.com/entraops/phone-operator/internal/phone"
)

// keepAll decides for the claims of one phone type whose resources stay.
func (u *user) keepAll(s *slot) {
	w, won := s.winner()
	if won && !w.Suspended && w.Barred == NotBarred {
		u.say(w, u.lead(s, w))
	}
	for _, c := range s.claims {
		switch {
		case c.Terminating:
		case c.Suspended:
			u.say(c, Verdict{Outcome: Suspended, Owns: s.owns(c), Method: s.method})
		case c.Barred != NotBarred:
			u.say(c, Verdict{Outcome: Barred, Owns: s.owns(c), Method: s.method})
		case c.Ref != w.Ref:
			u.say(c, Verdict{Outcome: Conflict, Winner: w.Ref, Method: s.method})
		}
	}
}

// lead decides for the claim that has the phone type.
func (u *user) lead(s *slot, c Claim) Verdict {
	v := Verdict{Outcome: Synced, Owns: s.owns(c), Method: s.method}
	foreign := !v.Owns && !s.inherited
	if !v.Owns && c.Holds.Has(ProtectedUser) {
		v.Outcome, v.Method = Privileged, nil // what the user has is not told, nor compared
		return v
	}
	if s.method == nil || s.goes {
		return u.missing(s, c, v)
	}
	switch {
	case !foreign:
	case c.Adopt == AdoptNever, c.Blind && c.Adopt != AdoptAlways:
		v.Outcome = AlreadyExists
		return v
	case c.Holds[NotAllowed].Has(Update):
		// To adopt is to get the right to change and to delete the phone, so it wants
		// what an update wants, whatever the number.
		v.Outcome, v.Verb = Denied, Update
		return v
	}
	if s.same(c) {
		v.Owns = true
		return u.sms(s, c, v)
	}
	switch {
	case foreign && c.Adopt != AdoptAlways:
		v.Outcome = AlreadyExists
		return v
	case v.Owns && s.compare(c) == phone.Unknown && !s.edited(c):
		return u.sms(s, c, v) // masked: as far as anyone can see it is ours
	case v.Owns && !c.Blind && s.method.Number.Respells(c.Number) && !s.edited(c):
		v.Respelled = true // to send it once more would change nothing
		return u.sms(s, c, v)
	case v.Owns && c.Drift == ReportDrift && !s.edited(c):
		v.Outcome = DriftDetected
		return v
	}
	return u.write(s, c, v, Action{Verb: Update, Number: c.Number, Drift: v.Owns && !s.edited(c)})
}

// missing decides for a claim whose phone type Graph does not show.
func (u *user) missing(s *slot, c Claim, v Verdict) Verdict {
	removed := !s.edited(c)
	switch {
	case removed && c.Drift == ReportDrift:
		v.Outcome = DriftDetected
		return v
	case c.Type == phone.AlternateMobile && !u.slot(phone.Mobile).there():
		v.Outcome = WaitingForMobile
		return v
	case c.Type == phone.AlternateMobile && slices.ContainsFunc(u.slot(phone.Mobile).claims, mayBeGone):
		v.Outcome, v.Verb = Pending, Create // Graph refuses it without a mobile
		return v
	case s.goes || slices.ContainsFunc(s.claims, leavesRecord):
		// Its turn is in the next plan, when Graph shows that the type is free. A create is recorded on
		// the resource before it is sent: what is just being deleted must not be taken for what came
		// of it. Nor may another resource, which goes without its phone, be on record for it still.
		v.Outcome, v.Verb = Pending, Create
		return v
	}
	return u.write(s, c, v, Action{Verb: Create, Number: c.Number, Drift: removed})
}

// mayBeGone reports whether the claim goes, and its phone may have gone already, although it shows.
func mayBeGone(c Claim) bool { return c.Terminating && c.Holds.Has(Unsettled) && !leavesBehind(c) }

// leavesRecord reports whether the claim goes, and leaves behind what it has a record of.
func leavesRecord(c Claim) bool { return c.Holder && c.Terminating && leavesBehind(c) }

// sms decides on SMS sign-in once the number is right. Graph offers it for
// mobile only: https://learn.microsoft.com/graph/api/phoneauthenticationmethod-enablesmssignin.
func (u *user) sms(s *slot, c Claim, v Verdict) Verdict {
	verb := smsVerb(c, s.method.SMS)
	switch {
	case c.Type != phone.Mobile || c.SMS == AsIs:
		return v
	case s.method.SMS == "": // just written, and not read since: Graph may have switched it on
		v.SMS = SMSPending
		return v
	case (s.method.SMS == phone.Ready) == (c.SMS == Enabled):
		return v
	case verb == None || c.Holds[Refused].Has(verb):
		v.SMS = SMSUnavailable
		return v
	case !asks(c) && c.Drift == ReportDrift:
		v.Outcome = DriftDetected
		return v
	}
	v = u.write(s, c, v, Action{Verb: verb, Drift: !asks(c)})
	if v.Outcome == Pending {
		v.Outcome, v.SMS = Synced, SMSPending
	}
	return v
}

// smsVerb returns the write that can bring SMS sign-in to what c asks for; None
// where it is not Graph's to do. A number that is somebody else's is tried
// again only when asked: Graph would refuse it at every look.
func smsVerb(c Claim, state phone.SMSSignInState) Verb {
	switch {
	case c.SMS == Disabled:
		return DisableSMS
	case state == phone.NotEnabled:
		return EnableSMS
	case c.Changed && (state == phone.NumberNotUnique || state == phone.NotConfigured):
		return EnableSMS
	}
	return None
}

// write adds an action for c, unless something stands against it.
func (u *user) write(s *slot, c Claim, v Verdict, a Action) Verdict {
	v.Outcome, v.Verb = Pending, a.Verb
	if reason, held := c.Holds.First(a.Verb); held {
		v.Outcome = reason.outcome(a.Verb)
		return v
	}
	a.Type, a.For = c.Type, c.Ref
	u.act(a)
	s.comes = a.Verb == Create
	return v
}

// asks reports whether the claim wants something that was never in sync, so that a
// difference is work to do and no drift.
func asks(c Claim) bool {
	return c.Changed || !c.Holder || c.Last != c.Number.Masked()
}

// NumberChanged reports whether the number is another than the one last in sync. It is not known where
// only the mask of that is remembered, and is the same.
func (c Claim) NumberChanged() (changed, known bool) {
	if c.Last != c.Number.Masked() {
		return true, true
	}
	return c.Was != c.Number, !c.Was.IsZero()
}

// edited reports whether the claim's number, not Graph's, is what changed since
// they were last the same. Where only the mask is remembered, two numbers that have
// it need more: a new spec, and Graph still showing the last mask (or a masked number,
// which shows nothing). That may be somebody else's doing just as well, so that a claim
// that only reports drift does not take it for its own.
func (s *slot) edited(c Claim) bool {
	if !c.Holder {
		return true
	}
	if changed, known := c.NumberChanged(); known {
		return changed
	}
	return c.Edited && c.Drift == CorrectDrift && s.method != nil &&
		(s.method.Number.Masked() == c.Last || s.compare(c) == phone.Unknown)
}
