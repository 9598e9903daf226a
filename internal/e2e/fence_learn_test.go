package e2e_test

import (
	"fmt"
	"strings"
	"testing"

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
		if n := len(s.done(u)) + len(s.done(managed)); n > 0 {
			t.Errorf("%s: %d writes", who, n)
		}
		s.has(u, "mobile +1 2065550188")
		s.has(managed, "mobile +1 2065550188")
	}
	if n := of(countOf(s.graph.Requests(), s.tenantID), "roleassignments"); n > 0 {
		t.Errorf("roles were asked for %d times", n)
	}
	p.ready(held...)
}

func countOf(requests []emulator.Request, tenant string) map[string]int {
	counts := map[string]int{}
	for _, r := range requests {
		if r.Tenant == tenant {
			counts[strings.ToLower(r.Path)]++
		}
	}
	return counts
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
