package phonemethod

import (
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/user"
)

// A look-up of a name answers for what resources said before it, and not for what they say after. The name may be
// somebody else's by then, and who edits a resource means the one who has it now.
func TestANameIsSomebodyElsesByTheTimeOfTheEdit(t *testing.T) {
	const name = "ada@contoso.com"
	office := creates("people/b", name, v1alpha1.PhoneTypeOffice, number(numberTwo))
	mobile := creates("people/a", name, mobileType, number(numberOne))
	edited := edits("people/a", number(numberTwo))
	for sentence, tc := range map[string]struct {
		before   []step // the look-up
		after    []step
		ada, eve string // their mobiles at the end
	}{
		"of a resource that is bound":     {[]step{mobile, works(busy), office}, []step{edited}, numberOne, ""},
		"of a resource that is not bound": {[]step{mobile}, []step{edited}, "", numberTwo},
		"of a Secret": {
			[]step{secretSays("people", numberOne), creates("people/a", name, mobileType, fromSecret), works(busy), office},
			[]step{secretSays("people", numberTwo)}, numberOne, ""},
		"which is a new resource": {[]step{office}, []step{mobile}, "", numberOne},
	} {
		t.Run(sentence, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(tc.before...)
				key, _ := m.due()
				if key.Bound() {
					t.Fatalf("%s is due, want the name", key.User)
				}
				m.pass(key)
				m.take(renames(ada, "ada2@contoso.com"), addsEve(name, 0))
				m.take(tc.after...)
				m.take(works(busy))
				m.wants(t, tc.ada)
				m.wantsOf(t, eve, tc.eve)
			})
		})
	}
}

// The name that ada had is somebody else's, who comes to Entra later or is there. As long as Graph does not say whose it
// is, a new resource that says the name is bound to nobody.
func TestANameThatIsNotLookedUpBindsNobody(t *testing.T) {
	const name = "ada@contoso.com"
	atName := emulator.Fault{Path: "^/v1.0/users/" + name, Times: 3, Effect: emulator.Answer}
	unavailable, throttled := atName, atName
	unavailable.Status, throttled.Status = 503, 429
	for sentence, fault := range map[string]emulator.Fault{"unavailable": unavailable, "throttled": throttled} {
		for when, eveIsThere := range map[string]bool{"eve is there": true, "eve comes later": false} {
			t.Run(sentence+", "+when, func(t *testing.T) {
				told(t, func(m *model) {
					m.take(creates("people/a", name, v1alpha1.PhoneTypeOffice, number(numberOne)), works(busy), renames(ada, "ada2@contoso.com"))
					if eveIsThere {
						m.take(addsEve(name, 0))
					}
					m.take(edits("people/a", asking()), graphFault("no answer to the name", fault),
						creates("people/b", name, mobileType, number(numberTwo)))
					m.pass(user.Key{Tenant: v1alpha1.DefaultTenantName, User: ada})
					m.take(graphWell, waits(3*time.Minute))
					m.wants(t, "")
					m.take(addsEve(name, 0), waits(2*time.Hour))
					m.wants(t, "")
					m.wantsOf(t, eve, numberTwo)
				})
			})
		}
	}
}

// The same of a resource that comes while the reconcile runs for which the name was looked up before: the operator tells
// a resource that the rules refuse so, and that takes its time.
func TestANameIsSomebodyElsesByTheTimeOfANewcomer(t *testing.T) {
	const name = "ada@contoso.com"
	told(t, func(m *model) {
		m.knowsNot("when a name was looked up", everyWriteIsSpokenFor)
		m.take(creates("people/b", name, v1alpha1.PhoneTypeOffice, number(numberOne)))
		key, _ := m.due()
		m.pass(key)
		m.take(creates("other/x", ada, mobileType, number(numberOne)))
		m.spoils(func(*pam, bool) error {
			m.spoils(nil)
			m.take(renames(ada, "ada2@contoso.com"), addsEve(name, 0), seenAtOnce(creates("people/a", name, mobileType, number(numberTwo))))
			return nil
		})
		m.take(works(busy))
		m.wants(t, "")
		m.wantsOf(t, eve, numberTwo)
	})
}

// What a user's other resources said before needs no answer of its own.
func TestAFurtherResourceOfAUserTakesOneLookUp(t *testing.T) {
	told(t, func(m *model) {
		m.take(creates("people/a", "ada@contoso.com", mobileType, number(numberOne)), works(busy), waits(time.Minute))
		before := m.asked("/users/[^/]+$")
		m.take(creates("people/b", "ada@contoso.com", v1alpha1.PhoneTypeOffice, number(numberTwo)), works(busy))
		if n := m.asked("/users/[^/]+$") - before; n != 1 {
			t.Errorf("%d look-ups, want 1", n)
		}
		m.saysReady(t, "people/b", v1alpha1.ReasonReady)
	})
}
