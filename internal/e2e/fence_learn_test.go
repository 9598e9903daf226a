package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// Which phones somebody has is not told to a namespace that may not manage them: by no guess at the mask, of no phone
// type, for no reason that the rules refuse for. Graph is not even asked.
func TestPhonesOfOthersCannotBeGuessed(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, hostile, stranger := s.people, s.team("hostile"), s.team("stranger")
	s.allow(hostile.desk(), hostile.may(func(r *v1alpha1.AccessRule) {
		r.Users, r.PhoneTypes = []string{"typed-*@contoso.com"}, []v1alpha1.PhoneType{office}
	}), hostile.may(func(r *v1alpha1.AccessRule) {
		r.Users, r.NumberSource = []string{"sourced-*@contoso.com"}, v1alpha1.NumberSourceSecretOnly
	}))
	named := func(prefix string) func(*emulator.User) {
		return func(u *emulator.User) { u.UPN = prefix + u.ID[:8] + "@contoso.com" }
	}
	victims := map[string]func(*emulator.User){
		"user": func(*emulator.User) {}, "admin": administrator, "typed": named("typed-"), "sourced": named("sourced-"),
	}
	var held []string
	untouched := map[string]func(){}
	for who, change := range victims {
		u := s.user(change, hasPhone("mobile", "+1 2065550188"), func(u *emulator.User) { u.SMSSignIn = true })
		none := s.user(change)
		managed := s.user(change, hasPhone("mobile", "+1 2065550188"))
		if who != "admin" {
			p.apply(p.phone(who, managed.ID, mobile, "+1 2065550188"))
			p.ready(who)
			held = append(held, who)
		}
		untouched[who] = p.untouched()
		asked := s.counting()
		for _, g := range []*team{hostile, stranger} {
			var names []string
			for guess, o := range map[string]struct {
				user emulator.User
				mask string
			}{
				"right": {u, "+1 ********88"}, "wrong": {u, "+1 ********87"}, "masked": {u, "********"}, "none": {none, "+1 ********88"},
				"managed": {managed, "+1 ********88"}, "managed-wrong": {managed, "+1 ********87"},
			} {
				name := who + "-" + guess
				g.apply(g.phone(name, o.user.UPN, mobile, "+1 2065550190", claims(o.user.ID, o.mask)))
				names = append(names, name)
			}
			g.apply(g.phone(who+"-honest", u.UPN, mobile, "+1 2065550190"))
			g.refused(v1alpha1.ReasonNotPermitted, append(names, who+"-honest")...)
			g.look(names...)
			g.alike(names...)
			g.toldNothing(append(names, who+"-honest")...)
			for _, name := range names {
				if o, err := g.get(name); g == stranger && (err != nil || o.Status.UserID != "") {
					t.Errorf("%s: a namespace without a rule is told the object id (%v)", name, err)
				}
			}
			g.remove(append(names, who+"-honest")...)
			g.gone(append(names, who+"-honest")...)
		}
		untouched[who]()
		for _, v := range []emulator.User{u, none, managed} {
			for _, collection := range []string{"/authentication/", "/transitivememberof"} {
				if n := of(asked(), v.ID+collection); n > 0 {
					t.Errorf("%s: Graph was asked %d times for %s", who, n, collection)
				}
			}
		}
		if n := of(asked(), "/roleassignments"); n > 0 {
			t.Errorf("%s: roles were asked for %d times", who, n)
		}
		if n := len(s.done(u)) + len(s.done(managed)); n > 0 {
			t.Errorf("%s: %d writes", who, n)
		}
		s.has(u, "mobile +1 2065550188")
		s.has(managed, "mobile +1 2065550188")
	}
	p.ready(held...)
}

// Nor is it told in the moment in which somebody else takes the phone over, or when the resource is suspended.
func TestPhonesOfOthersAreNotToldWhenTheyAreTakenOver(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, hostile, stranger := s.people, s.team("hostile"), s.team("stranger")
	s.allow(hostile.desk())
	u := s.user(hasPhone("mobile", "+1 2065550181"))
	var all []string
	for _, g := range []*team{hostile, stranger} {
		for i, options := range [][]option{{claims(u.ID, "+1 ********81")}, {claims(u.ID, "+1 ********81"), suspend}, {suspend}} {
			name := fmt.Sprintf("stranger-%d", i)
			g.apply(g.phone(name, u.UPN, mobile, "+1 2065550190", options...))
			all = append(all, name)
		}
		g.refused(v1alpha1.ReasonNotPermitted, "stranger-0")
	}
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550182", adoptAlways))
	p.ready("mobile")
	p.edit("mobile", number("+1 2065550183"))
	p.ready("mobile")
	for _, g := range []*team{hostile, stranger} {
		g.toldNothing(all[:3]...)
		g.edit("stranger-2", resume)
		g.refused(v1alpha1.ReasonNotPermitted, "stranger-2")
	}
	p.remove("mobile")
	p.gone("mobile")
	s.has(u)
	for _, g := range []*team{hostile, stranger} {
		g.toldNothing(all[:3]...)
		g.remove(all[:3]...)
		g.gone(all[:3]...)
	}
}

// Whoever may adopt a phone can find out its number by trying, and is soon made to wait: by then the right number is no
// more than another guess. Nobody else waits for it.
func TestNumbersCannotBeGuessed(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		mode   v1alpha1.Mode
		adopt  v1alpha1.AdoptionPolicy
		reason string // of a guess that is compared
		later  string // of one that is compared only later
	}{
		"adopted if it matches":                    {v1alpha1.ModeEnforce, v1alpha1.AdoptIfNumberMatches, v1alpha1.ReasonAlreadyExists, v1alpha1.ReasonAlreadyExists},
		"adopted always, where nothing is written": {v1alpha1.ModeObserve, v1alpha1.AdoptAlways, v1alpha1.ReasonWouldChange, v1alpha1.ReasonWouldChange},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			s := newStory(t, func(spec *v1alpha1.EntraTenantSpec) { spec.Mode = c.mode })
			p, hostile := s.people, s.team("hostile")
			s.allow(hostile.desk())
			u, other := s.user(desk, hasPhone("mobile", "+1 2065550142")), s.user(desk, hasPhone("mobile", "+1 2065550143"))
			adopt := func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.AdoptionPolicy = c.adopt }
			told := func(name, reason string) string {
				o := hostile.reaches(name, v1alpha1.ConditionSynced, no, reason)
				return meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionSynced).Message
			}
			const wrong = 5
			hostile.apply(hostile.phone("guess", u.UPN, mobile, "+1 2065550110", adopt))
			compared := told("guess", c.reason)
			for i := 1; i < wrong; i++ {
				hostile.edit("guess", number(fmt.Sprintf("+1 206555011%d", i)))
				told("guess", c.reason)
			}

			hostile.edit("guess", number("+1 2065550142"))
			right := told("guess", c.later)
			hostile.edit("guess", number("+1 2065559942")) // of the same mask
			if again := told("guess", c.later); again != right || right == compared {
				t.Errorf("it is said\n%q of the right number\n%q of a wrong one\n%q of one that is compared", right, again, compared)
			}
			// Nor by another resource, in another spelling of the user.
			hostile.remove("guess")
			hostile.gone("guess")
			hostile.apply(hostile.phone("by-id", u.ID, mobile, "+1 2065550142", adopt))
			told("by-id", c.later)
			hostile.remove("by-id")
			hostile.gone("by-id")

			hostile.apply(hostile.phone("other", other.UPN, mobile, "+1 2065550143", adopt))
			p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550142", adopt))
			hostile.ready("other")
			p.ready("mobile")
			if done := s.writes(); len(done) != 0 {
				t.Errorf("the operator sent %d writes", len(done))
			}
			metrics, _, err := s.scrape(s.shared(t), s.scraper())
			must(t, err)
			if want := fmt.Sprintf("phone_operator_guesses_total{tenant=%q} %d\n", s.tenant, wrong); !strings.Contains(metrics, want) {
				t.Errorf("there is no metric %s", want)
			}
		})
	}
}
