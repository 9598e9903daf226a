package tenant

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
)

type told = map[graph.View]graph.Answer

// status is where views are saved.
type status struct {
	views  []v1alpha1.ProtectedUsersView
	writes int
	down   error
}

func (s *status) save(_ context.Context, all []v1alpha1.ProtectedUsersView) error {
	if s.down != nil {
		return s.down
	}
	s.views, s.writes = all, s.writes+1
	return nil
}

func (s *status) read() ([]v1alpha1.ProtectedUsersView, error) { return s.views, s.down }

func insists(v *Views) []graph.View {
	all := v.answered()
	slices.Sort(all)
	return all
}

func TestWhatMustBeAnsweredAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		told []told
		want []graph.View
	}{
		"nothing at first":                        {nil, nil},
		"what answered":                           {[]told{{graph.EligibleRoles: graph.Answered, graph.EligibleGroups: graph.NotGranted}}, []graph.View{graph.EligibleRoles}},
		"what answered, and was taken away since": {[]told{{graph.EligibleGroups: graph.Answered}, {graph.EligibleGroups: graph.Revoked}}, []graph.View{graph.EligibleGroups}},
		"what no answer came to this time":        {[]told{{graph.EligibleRoles: graph.Answered}, {}, {graph.EligibleGroups: graph.Unlicensed}}, []graph.View{graph.EligibleRoles}},
		"nothing that lost its licence":           {[]told{{graph.EligibleRoles: graph.Answered, graph.EligibleGroups: graph.Answered}, {graph.EligibleRoles: graph.Unlicensed, graph.EligibleGroups: graph.Unlicensed}}, nil},
		"what got its licence back":               {[]told{{graph.EligibleRoles: graph.Unlicensed}, {graph.EligibleRoles: graph.Answered}}, []graph.View{graph.EligibleRoles}},
	} {
		t.Run(name, func(t *testing.T) {
			var s status
			v := NewViews(nil, s.save)
			for _, one := range tc.told {
				if err := v.note(t.Context(), one); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(tc.want, insists(v)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.want, insists(NewViews(s.views, s.save))); diff != "" {
				t.Errorf("after a restart: %s", diff)
			}
		})
	}
}

func TestViewsAreSavedWhenTheyChangeAndBeforeTheyCount(t *testing.T) {
	var s status
	v := NewViews(nil, s.save)
	one := told{graph.EligibleRoles: graph.Answered, graph.EligibleGroups: graph.NotGranted}
	for range 3 {
		if err := v.note(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	if s.writes != 1 {
		t.Errorf("%d writes", s.writes)
	}
	s.down = errors.New("no API server")
	for range 2 { // what was not saved is not remembered, and so is tried again
		if err := v.note(t.Context(), told{graph.EligibleGroups: graph.Answered}); !errors.Is(err, s.down) {
			t.Errorf("error = %v", err)
		}
	}
	if diff := cmp.Diff([]graph.View{graph.EligibleRoles}, insists(v)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatAnAdministratorClearsIsForgotten(t *testing.T) {
	answered := []v1alpha1.ProtectedUsersView{{View: v1alpha1.ViewEligibleRoles, LastAnswer: v1alpha1.ViewAnswered}}
	for name, tc := range map[string]struct {
		seen, now []v1alpha1.ProtectedUsersView
		changed   bool
		want      []graph.View
	}{
		"nothing was cleared":                   {answered, nil, false, []graph.View{graph.EligibleRoles}}, // now is not read
		"it was cleared":                        {nil, nil, true, nil},
		"the cache is behind what was saved":    {nil, answered, false, []graph.View{graph.EligibleRoles}},
		"something else was written in between": {nil, []v1alpha1.ProtectedUsersView{{View: v1alpha1.ViewEligibleGroups, LastAnswer: v1alpha1.ViewRevoked}}, true, []graph.View{graph.EligibleGroups}},
	} {
		t.Run(name, func(t *testing.T) {
			s := status{views: tc.now}
			v := NewViews(answered, s.save)
			changed, err := v.Heed(tc.seen, s.read)
			if err != nil || changed != tc.changed {
				t.Errorf("changed %v, %v", changed, err)
			}
			if diff := cmp.Diff(tc.want, insists(v)); diff != "" {
				t.Error(diff)
			}
		})
	}
	v := NewViews(answered, nil)
	if _, err := v.Heed(nil, (&status{down: errors.New("no API server")}).read); err == nil || len(insists(v)) != 1 {
		t.Errorf("error = %v; it insists on %v", err, insists(v))
	}
}
