package e2e_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// Who creates and deletes a phone of one user over and over, under one name or another and with whatever numbers, takes
// no deletions away from other namespaces.
func TestALoopDoesNotSpendTheBudget(t *testing.T) {
	t.Parallel()
	const rounds = 5
	s := newStory(t, deletions(2))
	p, hostile := s.people, s.team("hostile")
	s.allow(hostile.desk())
	leaver, own := s.user(), s.user(desk)
	p.apply(p.phone("leaver", leaver.UPN, mobile, "+1 2065550101"))
	p.ready("leaver")
	for i := range rounds {
		name := fmt.Sprintf("burn-%d", i%2)
		hostile.apply(hostile.phone(name, own.UPN, mobile, fmt.Sprintf("+1 206555011%d", i%3), adoptAlways))
		hostile.ready(name)
		hostile.remove(name)
		hostile.gone(name)
	}
	p.remove("leaver")
	p.gone("leaver")
	s.has(leaver)
	s.deleted(rounds + 1)
	tenant, err := s.entraTenant()
	must(t, err)
	spent := map[string]int32{}
	for _, c := range tenant.Status.RecentDeletions {
		spent[c.Namespace] += c.Count
	}
	if diff := cmp.Diff(map[string]int32{hostile.namespace: 1, p.namespace: 1}, spent); diff != "" {
		t.Errorf("what the namespaces spent (-want +got):\n%s", diff)
	}
}

// Where two namespaces wait for deletions, neither has all of them.
func TestABudgetThatTwoNamespacesWaitFor(t *testing.T) {
	t.Parallel()
	const limit = 6
	s := newStory(t, deletions(0))
	p, hostile := s.people, s.team("hostile")
	s.allow(hostile.desk())
	names := map[*team][]string{}
	for g, n := range map[*team]int{hostile: 3 * limit, p: 2} {
		for i := range n {
			u := s.user(func(u *emulator.User) {
				if g == hostile {
					desk(u)
				}
			})
			name := fmt.Sprintf("mobile-%d", i)
			g.apply(g.phone(name, u.UPN, mobile, fmt.Sprintf("+1 20655501%02d", 10+i)))
			names[g] = append(names[g], name)
		}
	}
	for _, g := range []*team{hostile, p} { // the hostile ones wait first
		g.ready(names[g]...)
		g.remove(names[g]...)
		for _, name := range names[g] {
			g.reaches(name, v1alpha1.ConditionSynced, no, v1alpha1.ReasonDeletionBudgetExhausted)
		}
	}
	s.editTenant(deletions(limit))
	p.gone(names[p]...)
	left := len(hostile.decided(names[hostile]...))
	if most := len(names[hostile]) - (limit - len(names[p])); left < most {
		t.Errorf("%d are left, and %d or more should be", left, most)
	}
}
