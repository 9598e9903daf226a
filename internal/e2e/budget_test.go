package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// A mistake in Git that deletes everybody deletes few, an operator that is killed in between included; who sees it in
// time keeps the rest.
func TestAMistakeThatDeletesEverything(t *testing.T) {
	t.Parallel()
	const users, limit, raised = 24, 7, 12
	s := newStoryAlone(t, deletions(limit))
	s.launch(launch{})
	p := s.people
	var names []string
	for i := range users {
		u, name := s.user(), fmt.Sprintf("mobile-%d", i)
		names = append(names, name)
		p.apply(p.phone(name, u.UPN, mobile, fmt.Sprintf("+1 20655501%02d", i)))
	}
	p.ready(names...)

	// It is killed as it is about to delete the third, and starts anew. Deletions that it was about to make were counted,
	// lest one be counted too few.
	c := s.cut(emulator.User{ID: "phoneMethods", UPN: "phoneMethods"}, 3, isDelete, func(*http.Request) {})
	p.remove(names...)
	left := s.wait(func(left int) bool { return left < users-1 })
	if !c.happened(t) {
		t.Fatal("the operator was not killed")
	}
	s.front.stepIn(nil)
	s.looked()
	s.deleted(users - left)
	if users-left > limit {
		t.Errorf("%d phones were deleted, and the limit is %d", users-left, limit)
	}

	// Another start forgets nothing.
	s.endAll()
	o := s.launch(launch{})
	s.looked()
	s.deleted(users - left)
	metrics, _, err := s.scrape(o, s.scraper())
	must(t, err)
	if want := fmt.Sprintf("phone_operator_deletions_withheld_total{tenant=%q}", s.tenant); !strings.Contains(metrics, want) || strings.Contains(metrics, want+" 0\n") {
		t.Errorf("the metric %s does not count", want)
	}
	if !strings.Contains(s.told(p), `"reason":"DeletionBudgetExhausted"`) {
		t.Error("no event tells of it")
	}

	// What is created and changed does not wait.
	u := s.user()
	p.apply(p.phone("new", u.UPN, mobile, "+1 2065550190"))
	p.ready("new")
	p.edit("new", number("+1 2065550191"))
	p.ready("new")

	// A higher limit lets more through at once.
	s.editTenant(deletions(raised))
	left -= raised - limit
	s.wait(func(now int) bool { return now == left })
	s.looked()
	s.deleted(users - left)

	// Who finds the mistake suspends the rest: it goes, and the phones stay.
	rest := s.leaving()
	for _, name := range rest {
		p.edit(name, func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.Suspend = true })
	}
	p.gone(rest...)
	s.deleted(users - left)
}

func isDelete(r *http.Request) bool { return r.Method == http.MethodDelete }

// wait waits until all resources that are being deleted wait for the budget, and as many as is enough. It returns how many.
func (s *story) wait(enough func(int) bool) (leaving int) {
	s.t.Helper()
	s.eventually("what is left of the deletions waits", func() error {
		waiting := 0
		leaving = 0
		for _, o := range s.resources() {
			if o.DeletionTimestamp.IsZero() {
				continue
			}
			leaving++
			synced := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionSynced)
			if synced != nil && synced.Reason == v1alpha1.ReasonDeletionBudgetExhausted {
				waiting++
			}
		}
		if leaving != waiting || !enough(leaving) {
			return fmt.Errorf("%d leave and %d of them wait", leaving, waiting)
		}
		return nil
	})
	return leaving
}

// leaving names the resources that are being deleted.
func (s *story) leaving() (names []string) {
	for _, o := range s.resources() {
		if !o.DeletionTimestamp.IsZero() {
			names = append(names, o.Name)
		}
	}
	return names
}

// looked has the operator look at all that are being deleted once more.
func (s *story) looked() {
	s.t.Helper()
	s.people.look(s.leaving()...)
}

// deleted checks how many phones Graph deleted.
func (s *story) deleted(want int) {
	s.t.Helper()
	got := 0
	for _, r := range s.writes() {
		if r.Method == http.MethodDelete && r.Status == http.StatusNoContent {
			got++
		}
	}
	if got != want {
		s.t.Errorf("%d phones were deleted, want %d", got, want)
	}
}
