package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/internal/testing/install"
)

// asksGraph is what Azure's SDK logs of each request.
const asksGraph = "OUTGOING REQUEST"

// Of two replicas one works. The other asks Graph nothing until the first is gone: killed in the middle of a write, or
// told to end.
func TestTwoReplicas(t *testing.T) {
	t.Parallel()
	s := newStoryAlone(t)
	p := s.people
	elected := launch{args: []string{"--leader-elect=true"}}
	first := s.launch(elected)
	u := s.user()
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101"))
	p.ready("mobile")

	second := s.launch(elected) // its caches are filled
	p.edit("mobile", number("+1 2065550102"))
	p.ready("mobile")
	p.look("mobile")
	if !strings.Contains(first.Output(), asksGraph) || strings.Contains(second.Output(), asksGraph) {
		t.Fatal("the one that waits asked Graph, or the one that works did not log that it does")
	}

	s.killAfter(first, u, http.MethodPost)
	p.apply(p.phone("office", u.UPN, office, "+1 2065550103"))
	<-first.Done()
	s.front.stepIn(nil)
	p.ready("office") // once the Lease is over
	s.has(u, "mobile +1 2065550102", "office +1 2065550103")
	if done := s.done(u); done["POST office"] != 1 {
		t.Errorf("what Graph did: %v", done)
	}
	if !strings.Contains(second.Output(), asksGraph) {
		t.Error("the one that took over asked Graph nothing")
	}

	third := s.launch(elected)
	must(t, second.stop())
	if holder := s.leader(); strings.Contains(second.Output(), holder) && holder != "" {
		t.Errorf("%s ended and keeps the Lease", holder)
	}
	p.edit("office", number("+1 2065550104"))
	p.ready("office")
	s.has(u, "mobile +1 2065550102", "office +1 2065550104")
	must(t, third.stop())
}

// leader is who holds the Lease, "" for nobody.
func (s *story) leader() string {
	s.t.Helper()
	var lease coordinationv1.Lease
	must(s.t, s.Get(s.t.Context(), client.ObjectKey{Namespace: install.Namespace, Name: install.Lease}, &lease))
	if lease.Spec.HolderIdentity == nil {
		return ""
	}
	return fmt.Sprint(*lease.Spec.HolderIdentity)
}
