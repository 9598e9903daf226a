package e2e_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// selecting is an operator for the EntraTenants that a selector matches, one of several replicas.
func selecting(selector string) launch {
	return launch{mute: true, args: []string{"--leader-elect=true", "--tenant-selector=" + selector}}
}

// shard has the EntraTenant match other selectors.
func (s *story) shard(label string) {
	s.t.Helper()
	s.eventually("label the EntraTenant", func() error {
		o, err := s.entraTenant()
		if err != nil {
			return err
		}
		o.Labels = map[string]string{"shard": label}
		return s.Update(s.t.Context(), o)
	})
}

// holder is the operator that holds the Lease of the EntraTenant, "" for nobody.
func (s *story) holder() (string, error) {
	var l coordinationv1.Lease
	err := s.Get(s.t.Context(), client.ObjectKey{Namespace: install.Namespace, Name: "phone-operator-tenant." + s.tenant}, &l)
	if err != nil || l.Spec.HolderIdentity == nil {
		return "", client.IgnoreNotFound(err)
	}
	return *l.Spec.HolderIdentity, nil
}

// heldBy waits until an operator, or nobody (""), holds the Lease of the EntraTenant.
func (s *story) heldBy(holder string) {
	s.t.Helper()
	s.eventually("the Lease of the tenant", func() error {
		got, err := s.holder()
		if err == nil && got != holder {
			err = fmt.Errorf("%q holds it, want %q", got, holder)
		}
		return err
	})
}

// identity is the name of an operator in the Leases, once it leads.
func (s *story) identity(o *operator) (name string) {
	s.t.Helper()
	s.eventually("the operator leads", func() error {
		var all coordinationv1.LeaseList
		if err := s.List(s.t.Context(), &all, client.InNamespace(install.Namespace)); err != nil {
			return err
		}
		for _, l := range all.Items {
			if h := l.Spec.HolderIdentity; h != nil && strings.Contains(*h, "_") && strings.Contains(o.Output(), *h) {
				name = install.Namespace + "/" + l.Name
				return nil
			}
		}
		return errors.New("it holds no Lease")
	})
	return name
}

const changedGraph = `"changed Graph"`

// Two operators share tenants out. One moves back and forth between them while its phones are edited without pause, and
// Graph is asked for nothing twice.
func TestATenantMovesBetweenTwoOperators(t *testing.T) {
	t.Parallel()
	s := newStoryAlone(t)
	p := s.people
	first, second := s.launch(selecting("shard=a")), s.launch(selecting("shard=b"))
	a, b := s.identity(first), s.identity(second)
	if a == b {
		t.Fatalf("both are %s", a)
	}

	users := make([]emulator.User, 8)
	names := make([]string, len(users))
	last := make([]string, len(users))
	asked := make([][]string, len(users)) // the numbers, in order
	edit := func(i int, n string) {
		last[i], asked[i] = n, append(asked[i], n)
		p.edit(names[i], number(n))
	}
	for i := range users {
		users[i], names[i], last[i] = s.user(), fmt.Sprintf("mobile-%d", i), fmt.Sprintf("+1 2065550%d00", i+1)
		asked[i] = []string{last[i]}
		p.apply(p.phone(names[i], users[i].UPN, mobile, last[i]))
	}
	s.shard("a")
	p.ready(names...)

	// The first time it moves while Graph works on a write of the first operator. The second waits for the answer.
	came, answer := make(chan struct{}), make(chan struct{})
	s.front.stepIn(func(_ http.ResponseWriter, r *http.Request) bool {
		if about(r, users[0]) && r.Method == http.MethodPatch {
			s.front.stepIn(nil)
			close(came)
			<-answer
		}
		return false
	})
	edit(0, "+1 2065550198")
	<-came
	s.shard("b")
	edit(0, "+1 2065550199")
	s.tenantReaches(v1alpha1.ConditionContested, yes, v1alpha1.ReasonHeldByAnother)
	s.heldBy(a)
	close(answer)
	s.heldBy(b)

	for n, to := range []string{"a", "b"} {
		for edits := range 12 {
			if edits == 4 {
				s.shard(to)
			}
			i := rand.N(len(users))
			edit(i, fmt.Sprintf("+1 2065550%d%02d", i+1, n*12+edits+1))
		}
		s.heldBy(map[string]string{"a": a, "b": b}[to])
	}
	p.ready(names...)
	for i, u := range users {
		s.has(u, "mobile "+last[i])
		before := -1
		for _, r := range s.writes() {
			if r.User != u.ID {
				continue
			}
			n := slices.IndexFunc(asked[i], func(n string) bool { return strings.Contains(r.Body, n) })
			if (before < 0) != (r.Method == http.MethodPost) || n <= before || r.Status >= 300 {
				t.Errorf("%s: %s %s, answered %d, after %v of %q", names[i], r.Method, r.Body, r.Status, before, asked[i])
			}
			before = n
		}
	}
	for _, o := range []*operator{first, second} {
		if !strings.Contains(o.Output(), changedGraph) {
			t.Error("an operator had nothing to do")
		}
		must(t, o.stop())
	}
	s.heldBy("") // both have let go
}

// What is another operator's is left wholly alone, and so is what is nobody's.
func TestATenantThatNobodySelectsIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := newStoryAlone(t)
	p, u := s.people, s.user()
	o := s.launch(selecting("shard=a"))
	s.identity(o)
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101"), p.phone("lost", u.UPN, office, "+1 2065550102", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.TenantRef.Name = s.tenant + "-that-is-not-there"
	}))
	t.Cleanup(func() { _ = s.Delete(t.Context(), p.phone("lost", "", "", "")) })
	p.remove("mobile")
	p.gone("mobile") // no finalizer holds it
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101"))

	// Another tenant's user is worked for meanwhile: whatever would be done for this one has been.
	other := s.story(t)
	other.connect()
	other.shard("a")
	v := other.user()
	other.people.apply(other.people.phone("mobile", v.UPN, mobile, "+1 2065550103"))
	other.people.ready("mobile")

	for _, name := range []string{"mobile", "lost"} {
		r, err := p.get(name)
		must(t, err)
		if len(r.Finalizers) > 0 || len(r.Status.Conditions) > 0 {
			t.Errorf("%s has the finalizers %v and the conditions %v", name, r.Finalizers, r.Status.Conditions)
		}
	}
	et, err := s.entraTenant()
	must(t, err)
	if holder, err := s.holder(); err != nil || holder != "" || len(et.Finalizers) > 0 || len(et.Status.Conditions) > 0 {
		t.Errorf("%q (%v) holds the EntraTenant, which has the finalizers %v and the conditions %v", holder, err, et.Finalizers, et.Status.Conditions)
	}
	if writes := s.writes(); len(writes) > 0 {
		t.Errorf("Graph was written to: %v", writes)
	}

	// An operator for all that has no shard says that a tenant is not there.
	rest := s.launch(selecting("!shard"))
	p.refused(v1alpha1.ReasonTenantNotFound, "lost")
	p.ready("mobile")
	s.heldBy(s.identity(rest))
	must(t, rest.stop())
}

// Of two operators that select one tenant the second says so and does nothing, until the first is gone: killed, so that
// its Lease runs out, with a write under way whose answer nobody heard.
func TestTwoOperatorsThatSelectOneTenant(t *testing.T) {
	t.Parallel()
	s := newStoryAlone(t)
	p, u := s.people, s.user()
	first := s.launch(selecting("shard=a"))
	a := s.identity(first)
	s.shard("a")
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101"))
	p.ready("mobile")

	second := s.launch(selecting("shard in (a,b)"))
	b := s.identity(second)
	s.tenantReaches(v1alpha1.ConditionContested, yes, v1alpha1.ReasonHeldByAnother)
	et, err := s.entraTenant()
	must(t, err)
	said := meta.FindStatusCondition(et.Status.Conditions, v1alpha1.ConditionContested)
	if !strings.Contains(said.Message, "operator "+a+" holds") || !strings.Contains(said.Message, "Operator "+b+" selects") {
		t.Errorf("it says: %s", said.Message)
	}
	if !meta.IsStatusConditionTrue(et.Status.Conditions, v1alpha1.ConditionReady) {
		t.Error("what the first said of the tenant is lost")
	}
	p.edit("mobile", number("+1 2065550102"))
	p.ready("mobile")
	if strings.Contains(second.Output(), asksGraph) {
		t.Error("the second asked Graph something")
	}

	s.killAfter(first, u, http.MethodPost)
	p.apply(p.phone("office", u.UPN, office, "+1 2065550103", adoptNever))
	<-first.Done()
	s.front.stepIn(nil)
	killed := time.Now()
	p.ready("office")
	s.heldBy(b)
	t.Logf("the second worked %v after the first was killed", time.Since(killed).Round(time.Second))
	s.has(u, "mobile +1 2065550102", "office +1 2065550103")
	if done := s.done(u); done["POST office"] != 1 {
		t.Errorf("what Graph did: %v", done)
	}
	s.eventually("nobody contests the tenant any more", func() error {
		et, err := s.entraTenant()
		if err == nil && meta.FindStatusCondition(et.Status.Conditions, v1alpha1.ConditionContested) != nil {
			err = errNotYet
		}
		return err
	})
	must(t, second.stop())
}
