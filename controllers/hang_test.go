package controllers_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// crowd is a tenant with more users than there are workers, each with a resource.
func (s *story) crowd(name string, n int) (tenant, paths string, resources []string) {
	s.t.Helper()
	id := s.directory("first")
	tenant = s.namespace + "-" + name
	s.apply(s.tenant(tenant, id))
	s.tenantReaches(tenant, yes, v1alpha1.ReasonReady)
	var ids []string
	for i := range n {
		u := s.user(func(u *emulator.User) { u.TenantID = id })
		ids = append(ids, u.ID)
		resources = append(resources, fmt.Sprintf("%s-%d", name, i))
	}
	s.t.Cleanup(s.graph.ClearFaults)
	return tenant, "/users/(" + strings.Join(ids, "|") + ")", resources
}

func (s *story) applyCrowd(tenant, paths string, resources []string) {
	s.t.Helper()
	ids := strings.Split(strings.TrimSuffix(strings.TrimPrefix(paths, "/users/("), ")"), "|")
	for i, name := range resources {
		s.apply(s.pam(name, ids[i], mobile, "+1 2065550101", in(tenant)))
	}
}

// A Graph that takes requests and never answers holds whoever asks. That must not
// be all of those who see to users.
func TestUsersOfOtherTenantsDoNotWaitForATenantThatHangs(t *testing.T) {
	for name, method := range map[string]string{"reads": "GET", "writes": "POST"} {
		t.Run("in its "+name, func(t *testing.T) {
			s := newStory(t)
			s.cleanUp()
			tenant, paths, resources := s.crowd("hangs", 40)
			end := make(chan struct{})
			t.Cleanup(func() { close(end) })
			must(t, s.graph.AddFault(emulator.Fault{Method: method, Path: paths, Effect: emulator.Delay, Hold: end}))
			s.applyCrowd(tenant, paths, resources)
			u := s.user()
			s.apply(s.pam("other", u.ID, mobile, "+1 2065550102"))
			s.ready("other") // the others were there before
			if n := s.givenUp(paths); n >= workers {
				t.Errorf("it waited until %d requests were given up, with %d workers", n, workers)
			}
		})
	}
}

// workers is how many users the suite's operator works on at once.
const workers = 4

// givenUp counts the requests that waited in vain.
func (s *story) givenUp(paths string) (n int) {
	users := regexp.MustCompile(paths)
	for _, r := range s.graph.Requests() {
		if r.Fault == string(emulator.Delay) && users.MatchString(r.Path) {
			n++
		}
	}
	return n
}

func TestATenantWithoutAnAnswerIsClosedAndOpensAgain(t *testing.T) {
	s := newStory(t)
	s.cleanUp()
	tenant, paths, resources := s.crowd("away", 20)
	must(t, s.graph.AddFault(emulator.Fault{Path: paths, Effect: emulator.Cut}))
	s.applyCrowd(tenant, paths, resources)
	for _, name := range resources {
		s.reaches(name, v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonGraphUnavailable)
	}
	s.eventually("the metric shows it", func() error { return shows(tenant, "unanswered", 1) })
	must(t, shows(tenant, "throttled", 0))
	must(t, shows("default", "unanswered", 0))
	s.graph.ClearFaults()
	s.ready(resources...)
	must(t, shows(tenant, "unanswered", 0))
}

// shows says why the metric of a closed tenant is not as it should be.
func shows(tenant, reason string, want float64) error {
	families, err := metrics.Registry.Gather()
	if err != nil {
		return err
	}
	for _, f := range families {
		if f.GetName() != "phone_operator_tenant_closed" {
			continue
		}
		for _, m := range f.GetMetric() {
			if labels := labelsOf(m); labels["tenant"] != tenant || labels["reason"] != reason {
				continue
			}
			if got := m.GetGauge().GetValue(); got != want {
				return fmt.Errorf("it is %v for %s, %s", got, tenant, reason)
			}
			return nil
		}
	}
	return fmt.Errorf("there is none for %s, %s", tenant, reason)
}

func labelsOf(m *dto.Metric) map[string]string {
	labels := map[string]string{}
	for _, l := range m.GetLabel() {
		labels[l.GetName()] = l.GetValue()
	}
	return labels
}
