package e2e_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// The phones of a whole tenant, imported from Graph and applied, are adopted without a single write, whatever Graph keeps: two
// spellings of one country, extensions, guests, apostrophes. Who is protected has no part in it, and nothing is imported twice.
func TestImportOfATenantAndApplyWriteNothingToGraph(t *testing.T) {
	t.Parallel()
	for _, numbers := range []string{"plain", "secret"} {
		t.Run(numbers, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			p := s.people
			phones := 0
			for n := range 6 {
				u := s.user(func(u *emulator.User) {
					switch n {
					case 1:
						u.UPN = "ann" + u.ID[:8] + "_fabrikam.com#EXT#@contoso.com"
					case 2:
						u.UPN = "o'neill" + u.ID[:8] + "@contoso.com"
					}
				})
				has := map[string]string{emulator.Mobile: fmt.Sprintf("+1 20655501%02d", n)}
				switch n {
				case 0:
					has = nil
				case 3:
					has[emulator.AlternateMobile], has[emulator.Office] = "+1 2065550150", fmt.Sprintf("+44 1614960%03dx12", n)
				case 4:
					has[emulator.Mobile] = fmt.Sprintf("+44 077009000%02d", n) // with the zero that is left out after a country code
				case 5:
					delete(has, emulator.Mobile)
					has[emulator.Office] = fmt.Sprintf("+49 30123125%03d", n)
				}
				for _, kind := range []string{emulator.Mobile, emulator.AlternateMobile, emulator.Office} {
					if number := has[kind]; number != "" {
						must(t, s.graph.SetPhone(u.ID, kind, number))
						phones++
					}
				}
			}
			s.user(func(u *emulator.User) {
				u.Roles = []emulator.Role{{TemplateID: "62e90394-69f5-4237-9190-012177145e10", DisplayName: "Global Administrator"}}
				u.Phones = map[string]string{emulator.Mobile: "+1 2065550160"}
			})

			unchanged := s.graphStays()
			manifests := filepath.Join(t.TempDir(), "manifests")
			said := p.plugin("import", "--from-tenant", s.tenant, "--all", "--numbers", numbers, "--out", manifests)
			if !strings.Contains(said, fmt.Sprintf("imported: %d phones; left out: 0 refused, 1 skipped by the tenant's rules, 0 duplicates", phones)) {
				t.Fatal(said)
			}
			_, err := s.Kubectl(t.Context(), "apply", "--server-side", "-f", manifests)
			must(t, err)
			names := []string{}
			for _, o := range s.resources() {
				names = append(names, o.Name)
				if o.Spec.DeletionPolicy != v1alpha1.DeletionOrphan {
					t.Errorf("%s: deletionPolicy %s", o.Name, o.Spec.DeletionPolicy)
				}
			}
			if len(names) != phones {
				t.Fatalf("%d resources were applied, of %d phones", len(names), phones)
			}
			p.ready(names...)
			unchanged()

			said = p.plugin("import", "--from-tenant", s.tenant, "--all", "--numbers", numbers, "--dry-run")
			if !strings.Contains(said, fmt.Sprintf("would be imported: 0 phones; left out: 0 refused, 1 skipped by the tenant's rules, %d duplicates", phones)) {
				t.Error(said)
			}
			unchanged()
		})
	}
}
