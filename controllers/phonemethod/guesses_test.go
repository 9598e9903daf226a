package phonemethod

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/metrics"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// guesser is a user with a mobile and an office phone, and one new resource for the mobile.
type guesser struct {
	*Reconciler
	phones
}

var theirs, twinOfTheirs = parsed("+1 2065550199"), parsed("+1 2065559999") // of one mask

func newGuesser() *guesser {
	r := atWork(3600)
	g := &guesser{r, r.phonesOf(plan.Claim{})}
	g.resources[0].object.Namespace = "people"
	g.methods = []plan.Method{*mobile(theirs, ""), {Type: phone.Office, Number: phone.Read(theirs.Graph())}}
	return g
}

// held has the claim hold the mobile, with the numbers as they are.
func held(change func(*resource), more ...func(*guesser)) func(*guesser) {
	return func(g *guesser) {
		g.resources[0].Holder = true
		change(&g.resources[0])
		for _, f := range more {
			f(g)
		}
	}
}

func observing(g *guesser) { g.tenant.Spec.Mode = v1alpha1.ModeObserve }

func numbered(n int) phone.Number { return parsed(fmt.Sprintf("+1 20655501%02d", n)) }

// compare is what a reconcile does with the number that the resource has now.
func (g *guesser) compare(n phone.Number) (_ plan.Outcome, after time.Duration, isBlind bool) {
	g.resources[0].Number, g.resources[0].Blind = n, false
	s, o := blind(g.snapshot, g.suspicionOf)
	decided := plan.Compute(s.claims(), g.methods)
	g.countGuesses(s, decided)
	return decided.Verdicts[s.resources[0].Ref].Outcome, o.after, s.resources[0].Blind
}

func (g *guesser) suspicion() suspicion { return g.suspicionOf(g.key, g.resources[0]) }

// wrong tries so many numbers that are not the user's, each as soon as it is compared.
func (g *guesser) wrong(n int) *guesser {
	for i := range n {
		g.now = g.now.Add(g.suspicion().until.Sub(g.now))
		g.compare(numbered(i))
	}
	return g
}

func TestEachFurtherGuessIsDelayedTwiceAsLong(t *testing.T) {
	for tried, want := range map[int]time.Duration{
		0: 0, 1: 0, 4: 0, 5: time.Minute, 6: 2 * time.Minute, 7: 4 * time.Minute, 15: 1024 * time.Minute, 16: 24 * time.Hour, 40: 24 * time.Hour,
	} {
		t.Run(fmt.Sprint(tried, " numbers"), func(t *testing.T) {
			g := newGuesser().wrong(tried)
			outcome, after, blind := g.compare(theirs)
			if blind != (want > 0) || after != want {
				t.Errorf("it is not compared: %t, and reconciled after %v, want %v", blind, after, want)
			}
			if told := outcome != plan.AlreadyExists; told == blind {
				t.Errorf("outcome %v", outcome)
			}
			g.now = g.now.Add(want)
			if outcome, _, blind := g.compare(theirs); blind || outcome != plan.Synced {
				t.Errorf("after the delay: not compared %t, outcome %v", blind, outcome)
			}
		})
	}
}

func TestWhatIsCountedAsAGuess(t *testing.T) {
	for name, c := range map[string]struct {
		number phone.Number
		change func(*guesser)
		want   int // of 4 before
	}{
		"another number":                                     {numbered(50), func(*guesser) {}, 5},
		"the same number again":                              {numbered(3), func(*guesser) {}, 4},
		"the same number of another type":                    {numbered(3), func(g *guesser) { g.resources[0].Type = phone.Office }, 5},
		"the user's number":                                  {theirs, func(*guesser) {}, 4},
		"a number for a type that is free":                   {numbered(50), func(g *guesser) { g.methods = nil }, 4},
		"a take-over, which compares nothing":                {numbered(50), func(g *guesser) { g.resources[0].Adopt = plan.AdoptAlways }, 4},
		"who never adopts":                                   {numbered(50), func(g *guesser) { g.resources[0].Adopt = plan.AdoptNever }, 4},
		"who may not adopt":                                  {numbered(50), func(g *guesser) { g.resources[0].Holds[plan.NotAllowed] = plan.SetOf(plan.Update) }, 4},
		"an edit of what it holds, which is written":         {numbered(50), func(g *guesser) { g.resources[0].Holder = true }, 4},
		"an edit of what it holds, not allowed":              {numbered(50), held(func(c *resource) { c.Holds[plan.NotAllowed] = plan.SetOf(plan.Update) }), 5},
		"an edit of what it holds, refused":                  {numbered(50), held(func(c *resource) { c.Holds[plan.Refused] = plan.SetOf(plan.Update) }), 5},
		"an edit of what it holds, the user now with a role": {numbered(50), held(func(c *resource) { c.Holds[plan.ProtectedUser] = plan.AllWrites }), 5},
		"an edit of what it holds, in mode Observe":          {numbered(50), held(func(*resource) {}, observing), 5},
		"a take-over that Graph refuses": {numbered(50), func(g *guesser) {
			g.resources[0].Adopt, g.resources[0].Holds[plan.Refused] = plan.AdoptAlways, plan.SetOf(plan.Update)
		}, 5},
		"a take-over in mode Observe":                 {numbered(50), func(g *guesser) { g.resources[0].Adopt = plan.AdoptAlways; observing(g) }, 5},
		"a number that Graph does not show":           {numbered(50), func(g *guesser) { g.methods[0].Number = phone.Read("+1 ********99") }, 4},
		"a number that is not compared for now":       {numbered(50), func(g *guesser) { g.wrong(5) }, 5},
		"a protected user, whose phone does not show": {numbered(50), func(g *guesser) { g.resources[0].Holds[plan.ProtectedUser] = plan.AllWrites }, 4},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGuesser()
			g.tenant.Name = t.Name()
			g.wrong(4)
			c.change(g)
			g.compare(c.number)
			if got := g.suspicion().count; got != c.want {
				t.Errorf("%d guesses, want %d", got, c.want)
			}
			if got := testutil.ToFloat64(metrics.Guesses.WithLabelValues(t.Name())); int(got) != c.want {
				t.Errorf("the metric says %v, want %d", got, c.want)
			}
		})
	}
}

func TestWhoMayNotCompareAfterTooManyGuesses(t *testing.T) {
	for name, c := range map[string]struct {
		number phone.Number
		change func(*guesser)
		want   bool
	}{
		"the next number":                             {numbered(50), func(*guesser) {}, true},
		"a number that was compared already":          {numbered(2), func(*guesser) {}, false},
		"that number of another type":                 {numbered(2), func(g *guesser) { g.resources[0].Type = phone.Office }, true},
		"another resource of the namespace":           {numbered(50), func(g *guesser) { g.resources[0].Ref = "people/z" }, true},
		"a resource of another namespace":             {numbered(50), func(g *guesser) { g.resources[0].object.Namespace = "staff" }, false},
		"a resource for another user":                 {numbered(50), func(g *guesser) { g.key.User = bob }, false},
		"a resource of another tenant":                {numbered(50), func(g *guesser) { g.key.Tenant = "other" }, false},
		"a holder":                                    {theirs, held(func(c *resource) { c.Last, c.Was = theirs.Masked(), theirs }), false},
		"a holder after a restart":                    {theirs, held(func(c *resource) { c.Last = theirs.Masked() }), false},
		"a holder whose spec is new":                  {twinOfTheirs, held(func(c *resource) { c.Last, c.Was = theirs.Masked(), theirs }), true},
		"a holder whose spec is new, after a restart": {twinOfTheirs, held(func(c *resource) { c.Last, c.Edited = theirs.Masked(), true }), true},
		"who is creating the phone":                   {numbered(50), func(g *guesser) { g.resources[0].Pending = numbered(50).Masked() }, false},
		"who takes over whatever is there":            {numbered(50), func(g *guesser) { g.resources[0].Adopt = plan.AdoptAlways }, true},
		"who never adopts":                            {numbered(50), func(g *guesser) { g.resources[0].Adopt = plan.AdoptNever }, false},
		"the next number a moment too early":          {numbered(50), func(g *guesser) { g.now = g.now.Add(time.Minute - time.Second) }, true},
		"the next number when its time is come":       {numbered(50), func(g *guesser) { g.now = g.now.Add(time.Minute) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGuesser().wrong(5)
			c.change(g)
			if _, _, blind := g.compare(c.number); blind != c.want {
				t.Errorf("it is kept from comparing: %t", blind)
			}
		})
	}
}

// However many numbers are tried, the memory of them is bounded and the count goes on.
func TestTheGuessesThatAreRememberedAreBounded(t *testing.T) {
	g := newGuesser().wrong(98)
	if s := g.suspicion(); s.count != 98 || len(s.tried) > triedKept {
		t.Errorf("%d guesses, %d remembered", s.count, len(s.tried))
	}
}
