package e2e_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/internal/testing/install"
)

// The operator works with the arguments, the environment and the rights that the Helm chart gives it, first those for the whole
// cluster, then those for one namespace; and helm test finds out whether it does.
func TestTheChartInstallsAnOperatorThatWorks(t *testing.T) {
	t.Parallel()
	w, err := newCluster()
	must(t, err)
	t.Cleanup(func() { _ = w.Stop() })
	must(t, w.InstallChart(t.Context(), ""))
	s := w.story(t)
	t.Cleanup(s.endAll)
	p, others := s.people, s.team("others")
	helmTest := func(args ...string) (said string, err error) {
		t.Helper()
		err = w.TestRelease(t.Context(), func(pod *corev1.PodSpec) error {
			// It listens nowhere; with an address it asks for the rights that metrics need.
			o, err := w.Launch(t.Context(), install.Launch{Log: "helm-test", Through: w.api.through, Pod: pod, Metrics: true, Args: args})
			if err != nil {
				return err
			}
			before := len(o.Output())
			err = o.Wait(t.Context())
			said = o.Output()[min(before, len(o.Output())):]
			return err
		})
		return said, err
	}
	if said, err := helmTest("--check-installation=1ms"); err == nil || !strings.Contains(said, "WRONG there is no Lease") {
		t.Errorf("helm test where no operator runs: %v\n%s", err, said)
	}

	first := s.deployed()
	s.connect()
	u := s.user()
	s.prepare(secret(p.namespace, "first", "number", "+1 2065550101"))
	p.apply(p.phone("mobile", u.UPN, mobile, "", fromSecret("first")))
	p.ready("mobile")
	s.has(u, "mobile +1 2065550101")
	if said, err := helmTest(); err != nil {
		t.Errorf("helm test: %v\n%s", err, said)
	}
	must(t, first.stop())

	must(t, w.InstallChart(t.Context(), "watchNamespaces: ["+p.namespace+"]"))
	second := s.deployed()
	s.prepare(secret(p.namespace, "second", "number", "+1 2065550102"), secret(others.namespace, "second", "number", "+1 2065550103"))
	others.apply(others.phone("office", u.UPN, office, "", fromSecret("second")))
	p.apply(p.phone("alternate", u.UPN, alternate, "", fromSecret("second")))
	p.ready("alternate")
	s.has(u, "mobile +1 2065550101", "alternateMobile +1 2065550102")
	if said, err := helmTest(); err != nil {
		t.Errorf("helm test with watchNamespaces: %v\n%s", err, said)
	}
	if o, err := others.get("office"); err != nil || len(o.Finalizers) > 0 || len(o.Status.Conditions) > 0 {
		t.Errorf("a namespace that is not watched: %v, finalizers %q, %d conditions", err, o.Finalizers, len(o.Status.Conditions))
	}
	itself := s.loggedIn(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: install.ServiceAccount}})
	if err := itself.Get(t.Context(), client.ObjectKey{Namespace: others.namespace, Name: "second"}, &corev1.Secret{}); !apierrors.IsForbidden(err) {
		t.Errorf("the operator reads a Secret of a namespace that is not watched: %v", err)
	}
	for _, o := range []*operator{first, second} {
		if strings.Contains(o.Output(), "forbidden") {
			t.Errorf("the operator lacks a right:\n%s", o.Output())
		}
	}
}

// deployed runs an operator with what the installed Deployment gives its pods.
func (s *story) deployed() *operator {
	s.t.Helper()
	pod, err := s.Pod(s.t.Context())
	must(s.t, err)
	return s.launch(launch{pod: pod})
}
