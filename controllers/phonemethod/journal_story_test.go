package phonemethod

import (
	"errors"
	"net/http"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

const mobileType = v1alpha1.PhoneTypeMobile

// cutAndLate cuts one request of a method off and has Graph do it 50 seconds later.
func cutAndLate(method string) step {
	return graphFault("one "+method+" is cut off and done 50 seconds later",
		emulator.Fault{Method: method, Path: "/phoneMethods", Times: 1, Effect: emulator.Late, Delay: 50 * time.Second})
}

// What lands in Graph after its caller is gone may land over something newer, or
// make what nobody speaks for any more.
func TestAWriteThatLandsLate(t *testing.T) {
	const first, second, third = "+1 2065550101", "+1 2065550102", "+1 2065550104"
	for name, c := range map[string]struct {
		steps []step
		want  string // "" is no phone
	}{
		"an update over a newer one": {[]step{
			creates("people/a", ada, mobileType, number(first)), works(busy),
			cutAndLate("PATCH"), edits("people/a", number(second)), works(busy),
			edits("people/a", number(third)), waits(10 * time.Second),
		}, third},
		"an update over a newer one, where drift is only reported": {[]step{
			creates("people/a", ada, mobileType, number(first), drifting(v1alpha1.DriftReport)), works(busy),
			cutAndLate("PATCH"), edits("people/a", number(second)), works(busy),
			edits("people/a", number(third)), waits(10 * time.Second),
		}, third},
		"an update over one of the next operator": {[]step{
			creates("people/a", ada, mobileType, number(first)), works(busy),
			cutAndLate("PATCH"), edits("people/a", number(second)), works(busy), restarts,
			edits("people/a", number(third)), waits(10 * time.Second),
		}, third},
		"a deletion after the phone is made anew": {[]step{
			creates("people/a", ada, mobileType, number(first)), works(busy),
			cutAndLate("DELETE"), deletes("people/a"), waits(10 * time.Second),
			creates("people/b", ada, mobileType, number(second)), waits(10 * time.Second),
		}, second},
		"a deletion after the phone is made anew, where drift is only reported": {[]step{
			creates("people/a", ada, mobileType, number(first)), works(busy),
			cutAndLate("DELETE"), deletes("people/a"), waits(10 * time.Second),
			creates("people/b", ada, mobileType, number(second), drifting(v1alpha1.DriftReport)), waits(10 * time.Second),
		}, second},
		"a deletion after the phone was handed over, where drift is only reported": {[]step{
			creates("people/a", ada, mobileType, number(first)), works(busy), cutAndLate("DELETE"), deletes("people/a"), works(busy),
			creates("people/b", ada, mobileType, number(second), drifting(v1alpha1.DriftReport)), waits(10 * time.Second),
		}, second},
		"an update over a newer one, in the last moment and before late reads": {[]step{
			creates("people/a", ada, mobileType, number(first), drifting(v1alpha1.DriftReport)), waits(10 * time.Minute),
			graphFault("one PATCH is cut off", emulator.Fault{Method: http.MethodPatch, Path: "/phoneMethods", Times: 1, Effect: emulator.Cut}),
			edits("people/a", number(second)), works(1), edits("people/a", number(third)), waits(80 * time.Second),
			{"it shows after 80 seconds", func(m *model) { must(m.graph.SetPhone(ada, emulator.Mobile, second)) }},
		}, third},
		"an update over a newer one, while writes are throttled": {[]step{
			creates("people/a", ada, mobileType, number(first), drifting(v1alpha1.DriftReport)), waits(10 * time.Minute),
			cutAndLate("PATCH"), edits("people/a", number(second)), works(1), edits("people/a", number(third)), waits(40 * time.Second),
			graphFault("no more of them for a while", emulator.Fault{Method: http.MethodPatch, Path: "/phoneMethods", Times: 3, Effect: emulator.Answer, Status: 429, Retry: "60"}),
			waits(3 * time.Minute),
		}, third},
		"a create after the resource was deleted": {[]step{
			cutAndLate("POST"), creates("people/a", ada, mobileType, number(first)), works(busy), deletes("people/a"),
		}, ""},
		"an update that takes a phone over, after the resource was deleted": {[]step{
			waits(10 * time.Minute), setsByHand(ada, mobileType, third),
			cutAndLate("PATCH"), creates("people/a", ada, mobileType, number(first), adopting(v1alpha1.AdoptAlways)), works(1), deletes("people/a"),
		}, ""},
		"a create after the resource was deleted, and the operator killed": {[]step{
			cutAndLate("POST"), creates("people/a", ada, mobileType, number(first)), works(busy), restarts, deletes("people/a"),
		}, ""},
		"a create after that of the next operator was deleted": {[]step{
			cutAndLate("POST"), creates("people/a", ada, mobileType, number(first)), works(busy), restarts, waits(10 * time.Second),
			deletes("people/a"),
		}, ""},
		"a create after that of the next operator was deleted by one more": {[]step{
			cutAndLate("POST"), creates("people/a", ada, mobileType, number(first)), works(busy), restarts, waits(10 * time.Second),
			restarts, deletes("people/a"),
		}, ""},
		"a create after a rival came and went": {[]step{
			cutAndLate("POST"), creates("people/a", ada, mobileType, number(first)), creates("people/b", ada, mobileType, number(first)),
			works(busy), deletes("people/a"), waits(10 * time.Second), deletes("people/b"),
		}, ""},
		"a create after a rival came and went, and the operator was killed": {[]step{
			cutAndLate("POST"), creates("people/a", ada, mobileType, number(first)), creates("people/b", ada, mobileType, number(first)),
			works(busy), restarts, deletes("people/a"), waits(10 * time.Second), deletes("people/b"),
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func() {
				m := newModel(t.Logf)
				m.take(c.steps...)
				m.take(waits(2 * time.Minute))
				got := ""
				if p := m.has(ada, mobileType); p != nil {
					got = p.Number
				}
				if got != c.want {
					t.Errorf("Graph has %q, want %q\n%s", got, c.want, m.describe())
				}
			})
		})
	}
}

// A switch of SMS sign-in that lands against a newer wish is no drift, and a number that a person goes back to is, although
// the answer to its write was lost: that write was seen to be done.
func TestWhatIsTakenForALateWrite(t *testing.T) {
	made := func(parts ...says) []step {
		parts = append(parts, number(numberOne), drifting(v1alpha1.DriftReport))
		return []step{allowsSMS(ada, true), creates("people/a", ada, mobileType, parts...), waits(10 * time.Minute)}
	}
	on, off := sms(v1alpha1.SMSSignInEnabled), sms(v1alpha1.SMSSignInDisabled)
	late := graphFault("one switch is done late", emulator.Fault{Path: "SmsSignIn$", Times: 1, Effect: emulator.Late, Delay: 50 * time.Second})
	const third = "+1 2065550104"
	tells(t, map[string]story{
		"switched on against a newer wish":  {append(made(off), late, edits("people/a", on), works(busy), edits("people/a", off), waits(2*time.Minute)), numberOne, v1alpha1.ReasonReady, nil},
		"switched off against a newer wish": {append(made(on), late, edits("people/a", off), works(busy), edits("people/a", on), waits(2*time.Minute)), numberOne, v1alpha1.ReasonReady, nil},
		"a number that was seen to be written": {append(made(),
			graphFault("the answer to a PATCH is lost", emulator.Fault{Method: http.MethodPatch, Path: "/phoneMethods", Times: 1, Effect: emulator.Cut, AfterWork: true}),
			edits("people/a", number(numberTwo)), works(busy), edits("people/a", number(third)), waits(40*time.Second),
			setsByHand(ada, mobileType, numberTwo), waits(3*time.Minute),
		), numberTwo, v1alpha1.ReasonDriftDetected, nil},
	})
}

var restarts = step{"the operator is killed, and another one starts", func(m *model) { m.startOperator() }}

// What a read shows may be older than the last write but one.
func TestNoPhoneIsLeftBehindForALateRead(t *testing.T) {
	late := graphFault("the next reads lag", emulator.Fault{Method: http.MethodPost, Path: "/phoneMethods$", Times: 1, Effect: emulator.Lag, Reads: 4})
	for name, steps := range map[string][]step{
		"the answer to its deletion was lost": {
			graphFault("a deletion is lost", emulator.Fault{Method: http.MethodDelete, Path: "/phoneMethods", Times: 1, Effect: emulator.Cut}),
			deletes("people/a"),
		},
		"its deletion found no phone": {
			graphFault("a deletion is denied", emulator.Fault{Method: http.MethodDelete, Path: "/phoneMethods", Times: 1, Effect: emulator.Answer, Status: 404}),
			deletes("people/a"),
		},
		"an edit was refused before its deletion": {
			graphFault("an update is refused", emulator.Fault{Method: http.MethodPatch, Path: "/phoneMethods", Times: 1, Effect: emulator.Answer, Status: 400}),
			edits("people/a", number(numberTwo)), works(1), deletes("people/a"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(waits(10*time.Minute), late, creates("people/a", ada, mobileType, number(numberOne)), works(1))
				m.take(steps...)
				m.take(works(busy), waits(5*time.Minute))
				if p := m.has(ada, mobileType); p != nil {
					t.Errorf("Graph has %s\n%s", p.Number, m.describe())
				}
			})
		})
	}
}

func TestAPhoneIsRecordedBeforeItsNumberIsChanged(t *testing.T) {
	told(t, func(m *model) {
		broken := true
		m.spoils(func(_ *pam, status bool) error {
			if p := m.has(ada, mobileType); broken && status && p != nil && p.Number == numberTwo {
				return apierrors.NewInternalError(errors.New("no space"))
			}
			return nil
		})
		m.take(waits(10*time.Minute),
			graphFault("the answer to a create is lost", emulator.Fault{Method: http.MethodPost, Path: "/phoneMethods$", Times: 1, Effect: emulator.Half}),
			graphFault("reads are masked", emulator.Fault{Method: http.MethodGet, Path: "/phoneMethods$", Times: 2, Effect: emulator.Mask, Glyph: "X"}),
			creates("people/a", ada, mobileType, number(numberOne), adopting(v1alpha1.AdoptNever)), works(1), edits("people/a", number(numberTwo)), works(1))
		m.startOperator()
		m.connectTenant()
		broken = false
		m.take(edits("people/a", number(numberOne)), waits(5*time.Minute))
		m.wants(t, numberOne)
		m.saysReady(t, "people/a", v1alpha1.ReasonReady)
	})
}
