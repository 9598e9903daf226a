package phonemethod

import (
	"net/http"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// A write that is answered for ever in words that mean nothing is tried for ever, and the resource says so.
func TestAWriteThatDoesNotGetThroughSaysSo(t *testing.T) {
	const still = "the phone is still there"
	for name, c := range map[string]struct {
		method string
		status int
		then   step
		was    string // what Graph has meanwhile
		gone   bool   // at the end
		says   []string
	}{
		"a deletion, lost":                     {http.MethodDelete, 404, deletes("people/a"), numberOne, true, []string{"HTTP 404 UnknownError", "request to delete this phone", still, "deletionPolicy: Orphan"}},
		"a deletion, refused in unknown words": {http.MethodDelete, 403, deletes("people/a"), numberOne, true, []string{"HTTP 403 UnknownError", still}},
		"an update":                            {http.MethodPatch, 404, edits("people/a", number(numberTwo)), numberOne, false, []string{"HTTP 404 UnknownError", "request to update this phone"}},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(creates("people/a", ada, mobileType, number(numberOne)), waits(10*time.Minute),
					graphFault("words that mean nothing", emulator.Fault{Method: c.method, Path: "phoneMethods/", Effect: emulator.Answer, Status: c.status}), c.then)
				m.tries(10 * time.Second)
				m.saysReady(t, "people/a", v1alpha1.ReasonPending)
				m.tries(6 * time.Minute)
				m.saysReady(t, "people/a", v1alpha1.ReasonGraphUnavailable)
				m.wants(t, c.was)
				for _, words := range c.says {
					m.saysWords(t, "people/a", words, "A change is on its way")
				}
				m.graph.ClearFaults()
				m.tries(7 * time.Minute)
				m.gone(t, "people/a", c.gone)
				if !c.gone {
					m.saysReady(t, "people/a", v1alpha1.ReasonReady)
				}
			})
		})
	}
}
