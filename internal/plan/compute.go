package plan

import (
	"cmp"
	"slices"

	"github.com/entraops/phone-operator/internal/phone"
)

// Compute decides what to do for one user.
//
// claims are all the resources that name the user, in any order; observed is
// what Graph shows now, at most one Method of each phone type. Actions are in
// the order in which they must run, and stopping after any of them leaves a
// state that Compute goes on from. Neither argument is changed.
//
// For each phone type, with the claims that are there and what Graph shows:
//
//	winner            Graph shows           then
//	nobody            anything              nothing; what no claim speaks for is not ours
//	holder            same number           Synced
//	holder            other number          Update (a drift, or an edit of the spec)
//	holder            none                  Create (a drift)
//	new               none                  Create; an alternateMobile only with a mobile there
//	new               same number           adopted without a write, unless Never
//	new               other number          AlreadyExists, unless Always: Update
//	heir              same, other number    taken over from a terminating holder: nothing, Update
//	terminating       anything              of what it holds: Delete; a mobile only when no alternateMobile is left
//
// A masked number read from Graph is no news: a holder stays Synced with it.
//
// Source of Graph's rules: https://learn.microsoft.com/graph/api/resources/phoneauthenticationmethod,
// https://learn.microsoft.com/graph/api/authentication-post-phonemethods and
// https://learn.microsoft.com/graph/api/phoneauthenticationmethod-delete.
func Compute(claims []Claim, observed []Method) Plan {
	u := &user{plan: Plan{Verdicts: make(map[string]Verdict, len(claims))}}
	for _, m := range observed {
		if s := u.slot(m.Type); s != nil {
			s.method = &m
		}
	}
	for _, c := range slices.SortedFunc(slices.Values(claims), older) {
		if s := u.slot(c.Type); s != nil {
			s.claims = append(s.claims, c)
		}
	}
	for i := range u.slots {
		u.slots[i].setMaker()
	}
	// Terminating claims first and the alternateMobile's before the mobile's: that is the
	// one order in which Graph lets both go.
	for _, t := range []phone.Type{phone.AlternateMobile, phone.Mobile, phone.Office} {
		u.endAll(u.slot(t))
	}
	for _, t := range phone.Types() {
		u.keepAll(u.slot(t))
	}
	// Updates and creations of all types come before the switches of SMS
	// sign-in: a number is worth more than a way to sign in with it.
	slices.SortStableFunc(u.plan.Actions, func(a, b Action) int { return cmp.Compare(stage(a.Verb), stage(b.Verb)) })
	return u.plan
}

func stage(v Verb) int {
	switch v {
	case Delete:
		return 0
	case None, Update, Create:
		return 1
	case EnableSMS, DisableSMS:
		return 2
	}
	return 3
}
