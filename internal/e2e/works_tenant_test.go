package e2e_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// In mode Observe nothing is written; then what was said is done. An EntraTenant goes when nobody needs it any more.
func TestATenantFromFirstToLast(t *testing.T) {
	t.Parallel()
	s := newStory(t, func(spec *v1alpha1.EntraTenantSpec) { spec.Mode = v1alpha1.ModeObserve })
	p, u := s.people, s.user(hasPhone("office", "+1 2065550102"))
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101"), p.phone("office", u.UPN, office, "+1 2065550102"))
	p.reaches("mobile", v1alpha1.ConditionSynced, no, v1alpha1.ReasonWouldChange)
	p.ready("office")
	if got := s.sent(u); got != "" {
		t.Errorf("writes to Graph: %s", got)
	}
	s.editTenant(func(spec *v1alpha1.EntraTenantSpec) { spec.Mode = v1alpha1.ModeEnforce })
	p.ready("mobile")
	s.has(u, "mobile +1 2065550101", "office +1 2065550102")

	must(t, s.Delete(t.Context(), &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: s.tenant}}))
	s.tenantReaches(v1alpha1.ConditionReady, no, v1alpha1.ReasonInUse)
	p.remove("mobile", "office")
	p.gone("mobile", "office")
	s.has(u)
	s.eventually("the EntraTenant goes", func() error {
		_, err := s.entraTenant()
		if err == nil {
			return errNotYet
		}
		return client.IgnoreNotFound(err)
	})
}

// A resource that Graph's service for methods does not accept the token for points to the EntraTenant.
func TestATokenThatIsRefusedForPhonesHasTheTenantTriedAnew(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, u := s.people, s.user()
	s.tenantReaches(v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady)
	asked := s.counting()
	must(t, s.graph.AddFault(emulator.Fault{Path: u.ID + "/authentication", Effect: emulator.ExpiredToken}))
	p.apply(p.phone("mobile", u.ID, mobile, "+1 2065550101"))
	p.reaches("mobile", v1alpha1.ConditionReady, unknown, v1alpha1.ReasonForbidden)
	s.eventually("the tenant is tried anew", func() error {
		if of(asked(), "/users/00000000-0000-0000-0000-000000000000") == 0 {
			return errNotYet
		}
		return nil
	})
	s.graph.ClearFaults()
	p.ready("mobile")
}

// A Graph that takes requests and never answers holds whoever asks. That must not be everybody who sees to tenants: a
// new one is connected meanwhile.
func TestATenantThatHangsHoldsNoOtherTenantUp(t *testing.T) {
	t.Parallel()
	s := newStoryAlone(t)
	asked, gaveUp, end := make(chan struct{}, 1000), make(chan struct{}, 1000), make(chan struct{})
	t.Cleanup(func() { close(end) })
	s.front.stepIn(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/v1.0/") {
			asked <- struct{}{}
			select {
			case <-end:
			case <-r.Context().Done():
				gaveUp <- struct{}{}
			}
		}
		return false
	})
	s.launch(launch{})
	<-asked
	s.beside(t)
	if len(gaveUp) > 0 {
		t.Error("the new tenant waited until the operator gave up on the other one")
	}
}

// beside is a short story of another tenant, with the same operator.
func (s *story) beside(t *testing.T) {
	t.Helper()
	other := s.story(t)
	other.connect()
	other.people.apply(other.people.phone("other", other.user().ID, mobile, "+1 2065550102"))
	other.people.ready("other")
}

// crowd are users of the story's tenant, each with a resource, and their paths.
func (s *story) crowd(n int) (paths string, resources []*v1alpha1.PhoneAuthenticationMethod, names []string) {
	var ids []string
	for i := range n {
		ids, names = append(ids, s.user().ID), append(names, fmt.Sprintf("crowd-%d", i))
		resources = append(resources, s.people.phone(names[i], ids[i], mobile, "+1 2065550101"))
	}
	return "/users/(" + strings.Join(ids, "|") + ")", resources, names
}

// Nor must it be all of those who see to users.
func TestUsersOfOtherTenantsDoNotWaitForATenantThatHangs(t *testing.T) {
	t.Parallel()
	const workers = 4
	for name, method := range map[string]string{"reads": http.MethodGet, "writes": http.MethodPost} {
		t.Run("in its "+name, func(t *testing.T) {
			t.Parallel()
			s := newStoryAlone(t)
			s.launch(launch{args: []string{fmt.Sprint("--max-concurrent-reconciles=", workers)}})
			other := s.story(t)
			other.connect()
			for _, s := range []*story{s, other} { // a tenant that is alone may hold every worker
				s.tenantReaches(v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady)
			}
			paths, resources, _ := s.crowd(10 * workers)
			end := make(chan struct{})
			t.Cleanup(func() { close(end) })
			must(t, s.graph.AddFault(emulator.Fault{Method: method, Path: paths, Effect: emulator.Delay, Hold: end}))
			s.people.apply(resources...)
			other.people.apply(other.people.phone("other", other.user().ID, mobile, "+1 2065550102")) // the crowd was there before
			other.people.ready("other")
			users, givenUp := regexp.MustCompile(paths), 0
			for _, r := range s.graph.Requests() { // a request is noted at its end
				if r.Fault == string(emulator.Delay) && users.MatchString(r.Path) {
					givenUp++
				}
			}
			if givenUp >= workers {
				t.Errorf("it waited until %d requests were given up, with %d workers", givenUp, workers)
			}
		})
	}
}

func TestATenantWithoutAnAnswerIsClosedAndOpensAgain(t *testing.T) {
	t.Parallel()
	s, other := newStory(t), patient(t)
	other.connect()
	for _, s := range []*story{s, other} {
		s.tenantReaches(v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady)
	}
	closed := func(s *story, reason string) string {
		text, _, err := s.scrape(s.shared(t), s.scraper())
		must(t, err)
		_, value, _ := strings.Cut(text, fmt.Sprintf("phone_operator_tenant_closed{reason=%q,tenant=%q} ", reason, s.tenant))
		return value[:min(1, len(value))]
	}
	paths, resources, names := s.crowd(20)
	must(t, s.graph.AddFault(emulator.Fault{Path: paths, Effect: emulator.Cut}))
	s.people.apply(resources...)
	for _, name := range names {
		s.people.reaches(name, v1alpha1.ConditionReady, unknown, v1alpha1.ReasonGraphUnavailable)
	}
	s.eventually("the metric shows it", func() error {
		if got := closed(s, "unanswered"); got != "1" {
			return fmt.Errorf("it is %q", got)
		}
		return nil
	})
	if a, b := closed(s, "throttled"), closed(other, "unanswered"); a != "0" || b != "0" {
		t.Errorf("throttled is %q, and unanswered of another tenant %q", a, b)
	}
	s.graph.ClearFaults()
	s.people.ready(names...)
	if got := closed(s, "unanswered"); got != "0" {
		t.Errorf("it is %q of a tenant that answers", got)
	}
}
