package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// Where nothing is to be written, nothing is, but that a look was asked for. Access rules are judged at every look, and
// cost Graph nothing: a look is the user and the list of phones, as it would be without rules. Roles are asked about before writes only.
func TestALookAtRest(t *testing.T) {
	t.Parallel()
	for name, spelling := range map[string]func(own, other emulator.User) string{"by name": spellName, "by id": spellID} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t, func(spec *v1alpha1.EntraTenantSpec) {
				rule := spec.Access[0]
				spec.Access = nil
				for i := range 50 {
					other := rule
					other.Users = []string{fmt.Sprintf("somebody-%d-*@contoso.com", i)}
					spec.Access = append(spec.Access, other)
				}
				spec.Access = append(spec.Access, rule)
			})
			p := s.people
			u := s.user()
			p.apply(p.phone("mobile", spelling(u, u), mobile, "+1 2065550101"), p.phone("alt", spelling(u, u), alternate, "+1 2065550102"),
				p.phone("office", spelling(u, u), office, "+1 2065550103x9073156"))
			p.ready("mobile", "alt", "office")
			p.apply(p.phone("rival", spelling(u, u), mobile, "+1 2065550104"))
			p.refused(v1alpha1.ReasonConflict, "rival")

			before, untouched, unchanged := len(s.asked(u)), p.untouched("mobile"), s.graphStays()
			p.look("mobile")
			untouched()
			unchanged()
			// A look that an event of the three resources asked for may come between.
			want := []string{"GET /v1.0/users/" + u.ID, "GET /v1.0/users/" + u.ID + "/authentication/phoneMethods"}
			for got := range slices.Chunk(s.asked(u)[before:], len(want)) {
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("requests to Graph (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// asked are the requests about a user that Graph answered.
func (s *story) asked(u emulator.User) (asked []string) {
	for _, r := range s.graph.Requests() {
		request, err := http.NewRequest(r.Method, "https://graph"+r.Path+"?"+r.Query, nil)
		must(s.t, err)
		if about(request, u) {
			asked = append(asked, r.Method+" "+r.Path)
		}
	}
	return asked
}
