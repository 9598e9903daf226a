package phonemethod

import (
	"net/http"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// A resource that waits for another one is looked at less and less. A Graph that refuses every other request must not
// begin that anew each time: the user would be asked for without end, at the cost of all others of the tenant.
func TestAThrottledGraphDoesNotBeginAWaitAnew(t *testing.T) {
	const name = "people/alternate"
	both := []step{creates("people/mobile", ada, mobileType, number(numberOne)), creates(name, ada, v1alpha1.PhoneTypeAlternateMobile, number(numberTwo))}
	for reason, c := range map[string]struct {
		steps []step
		waits string
		most  int // requests in an hour after all that
	}{
		v1alpha1.ReasonWaitingForMobile: {both[1:], name, 2},
		v1alpha1.ReasonWaitingForAlternateMobile: {append(both, waits(10*time.Minute),
			changes(ada, "default method alternateMobile", func(u *emulator.User) { u.DefaultMethod = "alternateMobile" }), deletes(name), deletes("people/mobile")), "people/mobile", 30}, // the deletion is tried each ten minutes
	} {
		t.Run(reason, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(c.steps...)
				m.take(works(busy), waits(time.Minute))
				m.saysReady(t, c.waits, reason)
				for range 8 {
					m.take(graphFault("the next request is one too many", emulator.Fault{Path: "/phoneMethods$", Times: 1, Effect: emulator.Answer, Status: 429}))
					for met := m.asked("/phoneMethods"); m.asked("/phoneMethods") == met; elapse(time.Second) {
						m.work(busy)
						m.saysReady(t, c.waits, reason)
					}
					m.saysReady(t, c.waits, reason)
					m.take(waits(time.Minute))
				}
				before := m.asked("/phoneMethods")
				m.take(waits(time.Hour))
				if n := m.asked("/phoneMethods") - before; n > c.most {
					t.Errorf("%d requests in an hour", n)
				}
			})
		})
	}
}

// A wait that is over is not kept: the plan saw that, although a write to another phone of the user then failed.
func TestAWaitThatIsOverIsNotSaidOnWhileGraphIsBusy(t *testing.T) {
	const name, alternate = "people/alternate", v1alpha1.PhoneTypeAlternateMobile
	told(t, func(m *model) {
		m.take(creates(name, ada, alternate, number(numberTwo), adopting(v1alpha1.AdoptNever)), waits(5*time.Minute))
		m.saysReady(t, name, v1alpha1.ReasonWaitingForMobile)
		m.take(setsByHand(ada, mobileType, numberOne), setsByHand(ada, alternate, "+1 2065550104"),
			graphFault("all creations are too many", emulator.Fault{Method: http.MethodPost, Path: "/phoneMethods", Effect: emulator.Answer, Status: 429}),
			creates("people/office", ada, v1alpha1.PhoneTypeOffice, number("+1 2065550105")), waits(time.Minute))
		m.saysReady(t, name, v1alpha1.ReasonThrottled)
		m.take(graphWell, waits(time.Hour))
		m.saysReady(t, name, v1alpha1.ReasonAlreadyExists)
	})
}
