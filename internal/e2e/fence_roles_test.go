package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// A refusal to tell roles is no answer, on a connection that never had one either: right after a start, or when the
// credential was rotated. Whoever may activate a role is out of bounds all the same. (TestWhatARefusalMeansToTheQuestions
// has each question and each refusal.)
func TestRolesThatAreRefusedAfterAStart(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	u := s.user(func(u *emulator.User) { u.EligibleRoles = []emulator.Role{globalAdministrator} })
	s.tenantReaches(v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady)
	touched := secret(install.Namespace, s.tenant, "clientSecret", "first")
	touched.Labels = map[string]string{"touched": "yes"}
	must(t, s.Update(t.Context(), touched))
	must(t, s.graph.AddFault(emulator.Fault{Effect: emulator.Answer, Status: http.StatusForbidden, Path: "roleEligibilityScheduleInstances"}))
	unchanged := s.graphStays()
	refused := s.refusals()
	s.people.apply(s.people.phone("mobile", u.UPN, mobile, "+1 2065550171", adoptAlways))
	for times := 1; times <= 3; times++ {
		if times > 1 {
			s.people.ask("mobile")
		}
		s.eventually(fmt.Sprintf("the operator is refused %d times", times), func() error {
			if refused() < times {
				return errNotYet
			}
			return nil
		})
	}
	unchanged()
	s.graph.ClearFaults()
	s.people.ask("mobile")
	s.people.refused(v1alpha1.ReasonPrivilegedUser, "mobile")
	unchanged()
}

// refusals counts from now on which requests met a fault.
func (s *story) refusals() func() int {
	before := len(s.graph.Requests())
	return func() (n int) {
		for _, r := range s.graph.Requests()[before:] {
			if r.Fault != "" {
				n++
			}
		}
		return n
	}
}

// A list that says in some odd way that it goes on is not at its end. (TestPagesWithoutEndAreGivenUp has the ways.)
func TestAListOfRolesThatGoesOnInAnOddWay(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	u := s.user(administrator)
	pages := atomic.Int32{}
	s.front.stepIn(func(w http.ResponseWriter, r *http.Request) bool {
		if !about(r, u) || !strings.HasSuffix(r.URL.Path, "/transitiveMemberOf") && !strings.HasSuffix(r.URL.Path, "/roleAssignments") {
			return false
		}
		pages.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, err := fmt.Fprint(w, `{"value":[],"@odata.nextLink":{"href":"https://graph.example"}}`)
		return err == nil
	})
	unchanged := s.graphStays()
	s.people.apply(s.people.phone("mobile", u.UPN, mobile, "+1 2065550101"))
	s.eventually("roles were asked for", func() error {
		o, err := s.people.get("mobile")
		if err == nil && (pages.Load() == 0 || reason(o, v1alpha1.ConditionReady) == "") {
			err = errNotYet
		}
		return err
	})
	s.people.reaches("mobile", v1alpha1.ConditionReady, unknown, v1alpha1.ReasonGraphUnavailable)
	unchanged()
	s.front.stepIn(nil)
	s.people.refused(v1alpha1.ReasonPrivilegedUser, "mobile")
	unchanged()
}

// Who holds a role is nobody's to compare numbers with: each guess is refused in the same words.
func TestNumbersOfAdministratorsCannotBeGuessed(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p := s.people
	u := s.user(administrator, hasPhone("mobile", "+1 2065550142"))
	none := s.user(administrator)
	p.apply(p.phone("guess", u.UPN, mobile, "+1 2065550140"), p.phone("none", none.UPN, mobile, "+1 2065550140"))
	p.refused(v1alpha1.ReasonPrivilegedUser, "guess", "none")
	asked := s.counting()
	for _, n := range []string{"+1 2065550141", "+1 2065550142", "+1 2065550143"} {
		for _, policy := range []v1alpha1.AdoptionPolicy{v1alpha1.AdoptIfNumberMatches, v1alpha1.AdoptAlways, v1alpha1.AdoptNever} {
			for _, name := range []string{"guess", "none"} {
				p.edit(name, func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.PhoneNumber, o.Spec.AdoptionPolicy = n, policy })
			}
			p.refused(v1alpha1.ReasonPrivilegedUser, "guess", "none")
			p.alike("guess", "none")
			p.toldNothing("guess")
		}
	}
	for path, n := range asked() {
		if n > 60 {
			t.Errorf("9 edits of 2 resources asked %d times for %s", n, path)
		}
	}
	p.remove("guess", "none")
	p.gone("guess", "none")
	s.has(u, "mobile +1 2065550142")
	if done := s.writes(); len(done) != 0 {
		t.Errorf("the operator sent %d writes", len(done))
	}
}
