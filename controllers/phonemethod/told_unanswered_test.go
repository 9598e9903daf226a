package phonemethod

import (
	"net/http"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// A write that is answered by who is not the service, each time, is made less and less
// often, and the resource says so. A deletion leaves the others' budget alone.
func TestAWriteThatIsNeverAnswered(t *testing.T) {
	one := []step{creates("people/a", ada, mobileType, number(numberOne)), waits(10 * time.Minute)}
	for method, c := range map[string]struct {
		before []step
		then   step
		stays  string
		comes  string
	}{
		http.MethodPost:   {nil, creates("people/a", ada, mobileType, number(numberOne)), "", numberOne},
		http.MethodPatch:  {one, edits("people/a", number(numberTwo)), numberOne, numberTwo},
		http.MethodDelete: {one, deletes("people/a"), numberOne, ""},
	} {
		for name, f := range map[string]emulator.Fault{
			"a lost route":     {Status: http.StatusNotFound, Code: "UnknownError"},
			"a gateway":        {Status: http.StatusForbidden},
			"an error of ours": {Status: http.StatusInternalServerError},
		} {
			f.Method, f.Path, f.Effect = method, "/phoneMethods", emulator.Answer
			t.Run(method+", "+name, func(t *testing.T) {
				told(t, func(m *model) {
					m.take(c.before...)
					m.take(graphFault(name, f), c.then, waits(3*time.Hour))
					if n := m.sent(method); n > 50 {
						t.Errorf("%d times %s in three hours", n, method)
					}
					m.wants(t, c.stays)
					m.saysReady(t, "people/a", v1alpha1.ReasonGraphUnavailable)
					m.take(graphWell, waits(6*time.Minute))
					m.wants(t, c.comes)
					m.gone(t, "people/a", method == http.MethodDelete)
				})
			})
		}
		// Who edits the resource need not wait.
		t.Run(method+", and somebody asks", func(t *testing.T) {
			told(t, func(m *model) {
				m.take(c.before...)
				m.take(graphFault("a lost route", emulator.Fault{
					Method: method, Path: "/phoneMethods", Effect: emulator.Answer, Status: http.StatusNotFound, Code: "UnknownError",
				}), c.then, waits(3*time.Hour), graphWell, edits("people/a", asking()), waits(20*time.Second))
				m.wants(t, c.comes)
			})
		})
	}
}
