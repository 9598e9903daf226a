package phonemethod

import (
	"testing"

	"github.com/entraops/phone-operator/api/v1alpha1"
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
