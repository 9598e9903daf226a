package e2e_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// The older of two resources has a phone, unless it may not: nobody sits on somebody else's user by being there first.
func TestAnOlderResourceThatIsNotPermitted(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, hostile := s.people, s.team("hostile")
	u := s.user()
	hostile.apply(hostile.phone("squatter", u.UPN, mobile, "+1 2065550101"))
	hostile.refused(v1alpha1.ReasonNotPermitted, "squatter")
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550102"))
	p.ready("mobile")
	s.has(u, "mobile +1 2065550102")
	unchanged := s.graphStays()
	hostile.edit("squatter", number("+1 2065550103"))
	hostile.refused(v1alpha1.ReasonNotPermitted, "squatter")
	hostile.remove("squatter")
	hostile.gone("squatter")
	unchanged()
}

// Who was permitted once, and holds the phone, loses it with the rule to a rival that is permitted.
func TestAHolderThatIsNotPermittedAnyMore(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, hostile := s.people, s.team("hostile")
	s.editTenant(func(spec *v1alpha1.EntraTenantSpec) { spec.Access = append(spec.Access, hostile.may()) })
	u := s.user()
	hostile.apply(hostile.phone("holder", u.UPN, mobile, "+1 2065550101"))
	hostile.ready("holder")
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550102", adoptAlways))
	p.refused(v1alpha1.ReasonConflict, "mobile")

	s.editTenant(func(spec *v1alpha1.EntraTenantSpec) { spec.Access = spec.Access[:1] })
	p.ready("mobile")
	hostile.refused(v1alpha1.ReasonNotPermitted, "holder")
	s.has(u, "mobile +1 2065550102")
	unchanged := s.graphStays()
	hostile.edit("holder", number("+1 2065550103"))
	hostile.refused(v1alpha1.ReasonNotPermitted, "holder")
	hostile.remove("holder")
	hostile.gone("holder")
	unchanged()
}

// The loser learns that there is a winner. In which namespace, and under which name, is not its business.
func TestAConflictDoesNotNameOtherNamespaces(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, other := s.people, s.team("other")
	s.editTenant(func(spec *v1alpha1.EntraTenantSpec) { spec.Access = append(spec.Access, other.may()) })
	u := s.user()
	p.apply(p.phone("confidential", u.UPN, mobile, "+1 2065550101"))
	p.ready("confidential")
	other.apply(other.phone("mobile", u.UPN, mobile, "+1 2065550102"), other.phone("alt", u.ID, alternate, "+1 2065550103"))
	other.refused(v1alpha1.ReasonConflict, "mobile")
	other.ready("alt")
	p.remove("confidential") // waits for the other namespace's alternateMobile
	other.ready("mobile")
	p.gone("confidential")
	for _, pair := range []struct{ told, about *team }{{other, p}, {p, other}} {
		if text := s.told(pair.told); strings.Contains(text, pair.about.namespace) || strings.Contains(text, "confidential") && pair.told == other {
			t.Errorf("namespace %s is told of %s: %s", pair.told.namespace, pair.about.namespace, text)
		}
	}
}

// told is all that the operator wrote into a team's namespace.
func (s *story) told(g *team) string {
	s.t.Helper()
	var resources v1alpha1.PhoneAuthenticationMethodList
	var events eventsv1.EventList
	var all strings.Builder
	for _, list := range []client.ObjectList{&resources, &events} {
		must(s.t, s.List(s.t.Context(), list, client.InNamespace(g.namespace)))
		text, err := json.Marshal(list)
		must(s.t, err)
		all.Write(text)
	}
	return all.String()
}

// A finalizer keeps a resource that the operator has let go. A phone that somebody registers later is none of its own.
func TestAFinalizerOfAnEditorsOwn(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p := s.people
	u := s.user()
	p.apply(p.phone("trap", u.UPN, mobile, "+1 2065550101"))
	p.ready("trap")
	p.edit("trap", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Finalizers = append(o.Finalizers, "example.com/trap") })
	p.remove("trap")
	s.has(u)
	p.eventually("the operator lets the resource go", func() error {
		if o, err := p.get("trap"); err != nil || len(o.Finalizers) > 1 {
			return errors.Join(errNotYet, err)
		}
		return nil
	})
	must(t, s.graph.SetPhone(u.ID, "mobile", "+1 2065550102"))
	// Another resource of the user has the operator look: it does not have the phone either.
	p.apply(p.phone("rival", u.UPN, mobile, "+1 2065550103"))
	p.reaches("rival", v1alpha1.ConditionSynced, no, v1alpha1.ReasonAlreadyExists)
	s.has(u, "mobile +1 2065550102")
	p.edit("trap", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Finalizers = nil })
	p.gone("trap")
}
