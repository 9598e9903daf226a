package phonemethod

import (
	"net/http"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// A create that was made unread and refused made nothing. A phone of its mask that shows later is
// another client's, also where the read right after the refusal did not show it yet.
func TestARefusedFirstCreateMakesNoLaterPhoneOurs(t *testing.T) {
	for name, c := range map[string]struct {
		refusals int
		then     []step
		wait     time.Duration // until the phone shows
	}{
		"before it is tried once more":            {1, nil, time.Second},
		"and the resource goes":                   {1, []step{deletes("people/a")}, time.Second},
		"and its number is edited":                {1, []step{edits("people/a", number(numberTwo))}, time.Second},
		"and the operator is killed":              {1, []step{reborn}, time.Second},
		"and it is killed, and the resource goes": {1, []step{reborn, deletes("people/a")}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(waits(10*time.Minute),
					graphFault("a create is refused", emulator.Fault{Method: http.MethodPost, Path: "/phoneMethods$", Times: c.refusals, Effect: emulator.Answer, Status: 400}),
					creates("people/a", ada, mobileType, number(numberOne)), works(1))
				elapse(c.wait)
				m.take(setsByHand(ada, mobileType, twinOfOne))
				m.take(c.then...)
				m.take(waits(5 * time.Minute))
				m.wants(t, twinOfOne)
				if m.cluster.pams[keyFor("people/a")] != nil {
					m.saysReady(t, "people/a", v1alpha1.ReasonAlreadyExists)
				}
			})
		})
	}
}

// What an editor tries while the outcome of a first create cannot be written is a guess like any other.
