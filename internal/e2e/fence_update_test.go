package e2e_test

import (
	"errors"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// Where Update is not allowed, a phone that a user registered is out of reach. No way from "not permitted" to
// "permitted" makes a claim on it that was planted before count: not a change of the resource, of the rules, of the
// namespace or of the user's name.
func TestAClaimThatIsPlantedForLater(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	noUpdate := func(r *v1alpha1.AccessRule) {
		r.Actions = []v1alpha1.Action{v1alpha1.ActionCreate, v1alpha1.ActionDelete}
	}
	labelled := func(r *v1alpha1.AccessRule) {
		noUpdate(r)
		r.Namespaces = metav1.LabelSelector{MatchLabels: map[string]string{"fence": "in"}}
	}
	for sentence, c := range map[string]struct {
		rule    func(*v1alpha1.AccessRule)
		upn     string
		permits func(s *story, hostile *team, u emulator.User)
	}{
		"the number comes from a Secret by then": {
			rule: func(r *v1alpha1.AccessRule) { noUpdate(r); r.NumberSource = v1alpha1.NumberSourceSecretOnly },
			permits: func(s *story, hostile *team, _ emulator.User) {
				must(s.t, s.Create(s.t.Context(), secret(hostile.namespace, "mine", "number", "+1 2065550199")))
				hostile.edit("planted", fromSecret("mine"))
			}},
		"a rule for the user is added": {
			rule:    func(r *v1alpha1.AccessRule) { noUpdate(r); r.Users = []string{"desk-*@contoso.com"} },
			permits: func(s *story, hostile *team, _ emulator.User) { s.allow(hostile.may(noUpdate)) }},
		"a rule for the phone type is added": {
			rule:    func(r *v1alpha1.AccessRule) { noUpdate(r); r.PhoneTypes = []v1alpha1.PhoneType{office} },
			permits: func(s *story, hostile *team, _ emulator.User) { s.allow(hostile.may(noUpdate)) }},
		"the namespace is given the label of a rule": {
			rule:    labelled,
			permits: func(s *story, hostile *team, _ emulator.User) { s.label(hostile.namespace, "fence", "in") }},
		"the user is renamed into a rule": {
			rule: noUpdate, upn: "carol@fabrikam.com",
			permits: func(s *story, _ *team, u emulator.User) {
				must(s.t, s.graph.RenameUser(u.ID, "u"+u.ID[:8]+"@contoso.com"))
			}},
		"it is no longer suspended": {
			rule:    noUpdate,
			permits: func(_ *story, hostile *team, _ emulator.User) { hostile.edit("planted", resume) }},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := s.under(t)
			hostile := s.team("hostile")
			s.allow(hostile.may(c.rule))
			u := s.user(hasPhone("mobile", "+1 2065550131"), func(u *emulator.User) {
				if c.upn != "" {
					u.UPN = c.upn
				}
			})
			planted := hostile.phone("planted", u.ID, mobile, "+1 2065550199", claims(u.ID, "+1 ********31"))
			if sentence == "it is no longer suspended" {
				suspend(planted)
			}
			hostile.apply(planted)
			if planted.Spec.Suspend {
				hostile.reaches("planted", v1alpha1.ConditionSuspended, yes, v1alpha1.ReasonSuspended)
			} else {
				hostile.refused(v1alpha1.ReasonNotPermitted, "planted")
				hostile.toldNothing("planted")
			}

			c.permits(s, hostile, u)
			if c.upn != "" {
				hostile.edit("planted", number("+1 2065550197")) // that somebody was renamed is not seen otherwise
			}
			if o := hostile.mayNotUpdate("planted"); o.Status.ID != "" || o.Status.SMSSignInState != "" {
				t.Errorf("it is told of a phone that it does not hold: %+v", o.Status)
			}
			hostile.edit("planted", adoptAlways)
			hostile.mayNotUpdate("planted")
			hostile.remove("planted")
			hostile.gone("planted")
			hostile.apply(hostile.phone("own", u.ID, mobile, "+1 2065550198", claims(u.ID, "+1 ********31"), suspend))
			hostile.reaches("own", v1alpha1.ConditionSuspended, yes, v1alpha1.ReasonSuspended)
			hostile.edit("own", resume)
			if planted.Spec.Suspend || c.upn != "" || sentence == "a rule for the user is added" {
				hostile.mayNotUpdate("own")
			}
			hostile.remove("own")
			hostile.gone("own")
			s.has(u, "mobile +1 2065550131")
			if done := s.writes(); len(done) != 0 {
				t.Errorf("the operator sent %d writes", len(done))
			}
		})
	}
}

// mayNotUpdate waits until a resource is told that the rules are for it and allow no update, which taking a phone over is.
func (g *team) mayNotUpdate(name string) (o *v1alpha1.PhoneAuthenticationMethod) {
	g.t.Helper()
	g.eventually(name+" is told that it may not update the phone", func() error {
		o = g.reaches(name, v1alpha1.ConditionAccepted, no, v1alpha1.ReasonNotPermitted)
		if c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionAccepted); !strings.Contains(c.Message, "do not allow to update") {
			return errors.New(c.Message)
		}
		return nil
	})
	return o
}
