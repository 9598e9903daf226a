package phonemethod

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// An operator that starts, or takes a tenant over, right after another one wrote a phone: reads may still lag behind that
// write, and what they show is no drift.
func TestAWriteOfTheOperatorBeforeIsNotRepeated(t *testing.T) {
	const name = "people/a"
	made := []step{creates(name, ada, mobileType, number(numberOne)), waits(10 * time.Minute)}
	taken := step{"another operator worked for the tenant until now", func(m *model) { must(m.process.TakeOver(t.Context(), "contoso")); m.connectTenant() }}
	withSMS := append([]step{changes(ada, "SMS sign-in allowed", func(u *emulator.User) { u.SMSSignIn = true })}, made...)
	for what, c := range map[string]struct {
		before []step
		method string
		write  step
		then   []step // after it began
		writes int
		want   string
	}{
		"a create":                          {nil, http.MethodPost, creates(name, ada, mobileType, number(numberOne)), nil, 1, numberOne},
		"an update":                         {made, http.MethodPatch, edits(name, number(numberTwo)), nil, 1, numberTwo},
		"an update, drift is reported":      {made, http.MethodPatch, edits(name, number(numberTwo), drifting(v1alpha1.DriftReport)), nil, 1, numberTwo},
		"an update, edited again":           {made, http.MethodPatch, edits(name, number(numberTwo)), []step{edits(name, number("+1 2065550104"))}, 2, "+1 2065550104"},
		"a create of a number in a Secret":  {[]step{secretSays("people", numberOne)}, http.MethodPost, creates(name, ada, mobileType, fromSecret), nil, 1, numberOne},
		"an update of a number in a Secret": {[]step{secretSays("people", numberOne), creates(name, ada, mobileType, fromSecret), waits(10 * time.Minute)}, http.MethodPatch, secretSays("people", numberTwo), nil, 1, numberTwo},
		"a switch of SMS sign-in":           {withSMS, http.MethodPost, edits(name, sms(v1alpha1.SMSSignInDisabled)), nil, 1, numberOne},
	} {
		for how, begins := range map[string]step{"starts": reborn, "takes over": taken} {
			t.Run(what+" before it "+how, func(t *testing.T) {
				told(t, func(m *model) {
					m.take(c.before...)
					m.take(graphFault("reads lag", emulator.Fault{Method: c.method, Path: "/phoneMethods", Times: 1, Effect: emulator.Lag, Delay: 20 * time.Second}))
					writes := "^" + c.method + " .*/phoneMethods"
					before := m.asked(writes)
					m.take(c.write, works(2))
					m.saysReady(t, name, v1alpha1.ReasonReady)
					m.take(begins)
					m.take(c.then...)
					m.take(waits(recovery))
					if n := m.asked(writes) - before; n != c.writes {
						t.Errorf("%d writes, want %d\n%s", n, c.writes, m.describe())
					}
					m.wants(t, c.want)
					m.saysReady(t, name, v1alpha1.ReasonReady)
				})
			})
		}
	}
}

// A mobile that is only recorded may be gone: what Graph takes only beside a mobile waits until that shows.
func TestAnAlternateMobileIsNotCreatedBesideAMobileThatIsOnlyRecorded(t *testing.T) {
	told(t, func(m *model) {
		m.take(creates("people/mobile", ada, mobileType, number(numberOne)), waits(10*time.Minute))
		must(m.graph.RemovePhone(ada, emulator.Mobile))
		m.take(reborn, creates("people/alternate", ada, v1alpha1.PhoneTypeAlternateMobile, number(numberTwo)))
		refused := m.refusals
		m.take(waits(2 * time.Minute))
		if m.refusals > refused {
			t.Errorf("Graph refused %d writes", m.refusals-refused)
		}
		m.wants(t, numberOne)
		for _, name := range []string{"people/mobile", "people/alternate"} {
			m.saysReady(t, name, v1alpha1.ReasonReady)
		}
	})
}

// SMS sign-in that status says is not as spec asks is no state to believe: what shows in its place is what was wanted.
func TestASwitchOfSMSSignInThatCameLateIsNotRepeated(t *testing.T) {
	const name = "people/a"
	told(t, func(m *model) {
		m.take(allowsSMS(ada, true), creates(name, ada, mobileType, number(numberOne), sms(v1alpha1.SMSSignInEnabled)), waits(10*time.Minute),
			setsByHand(ada, mobileType, ""), setsByHand(ada, mobileType, numberOne), // without SMS sign-in
			graphFault("the switch is late", emulator.Fault{Method: http.MethodPost, Path: "enableSmsSignIn", Times: 1, Effect: emulator.Late, Delay: 2 * time.Second}),
			edits(name, asking()), works(3))
		m.saysReady(t, name, v1alpha1.ReasonSMSSignInNotAsAsked)
		elapse(3 * time.Second)
		before := m.asked("enableSmsSignIn")
		m.take(reborn, works(busy))
		m.saysReady(t, name, v1alpha1.ReasonReady)
		if n := m.asked("enableSmsSignIn") - before; n != 0 {
			t.Errorf("SMS sign-in is switched on %d times more", n)
		}
	})
}

// What status says is believed for the number alone that it was said of, and only while it says that this is in sync.
func TestWhatIsRecordedIsNotBelievedOfAnythingElse(t *testing.T) {
	const name, sameMask = "people/a", "+1 2065559901"
	made := []step{creates(name, ada, mobileType, number(numberOne), drifting(v1alpha1.DriftReport)), waits(10 * time.Minute)}
	tells(t, map[string]story{
		"an edit after the start, to a number of the same mask":  {append(slices.Clone(made), reborn, edits(name, number(sameMask), drifting(v1alpha1.DriftCorrect))), sameMask, v1alpha1.ReasonReady, nil},
		"an edit before the start, to a number of the same mask": {append(slices.Clone(made), edits(name, number(sameMask), drifting(v1alpha1.DriftCorrect)), reborn), sameMask, v1alpha1.ReasonReady, nil},
		"drift that was reported before the start":               {append(slices.Clone(made), setsByHand(ada, mobileType, numberTwo), waits(2*time.Hour), reborn), numberTwo, v1alpha1.ReasonDriftDetected, nil},
	})
}
