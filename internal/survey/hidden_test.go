package survey

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/entraops/phone-operator/internal/emulator"
)

// Whoever asks for users whom no rule covers learns neither which of them there are, nor their names.
func TestWhoIsHiddenIsNotTold(t *testing.T) {
	t.Parallel()
	n := newTenant(t, 0)
	n.coversContoso(t)
	id := uuid.NewString()
	must(t, n.graph.AddUser(emulator.User{ID: id, UPN: "chief@fabrikam.com"}))
	n.Of = Selection{Names: []Name{{Text: "chief@fabrikam.com"}, {Text: "nobody@fabrikam.com"}, {Text: id}}}
	var told [][2]string
	_, err := Run(t.Context(), n.Options, func(p Person) error {
		for _, left := range p.Left {
			told = append(told, [2]string{p.Name, left.Reason})
		}
		return nil
	})
	must(t, err)
	want := [][2]string{{"chief@fabrikam.com", "NotPermitted"}, {"nobody@fabrikam.com", "NotPermitted"}, {id, "NotPermitted"}}
	if d := cmp.Diff(want, told); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
}
