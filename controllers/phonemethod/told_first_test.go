package phonemethod

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/tenant"
)

// The requests to all of a user's phones.
const lists, creations = "^GET .*/phoneMethods$", "^POST .*/phoneMethods$"

// Requests below /authentication/ are few: a new phone costs one, where nothing says that the
// user may have it already.
func TestWhatTheFirstContactWithAUserCosts(t *testing.T) {
	const people = "people/a"
	mobile := creates(people, ada, mobileType, number(numberOne))
	for name, c := range map[string]struct {
		steps         []step
		reads, writes int
		phone         string
		says          string
	}{
		"a new phone": {[]step{mobile}, 0, 1, numberOne, v1alpha1.ReasonReady},
		"three new phones": {[]step{
			creates("people/b", ada, v1alpha1.PhoneTypeAlternateMobile, number(numberTwo)),
			creates("people/c", ada, v1alpha1.PhoneTypeOffice, number(numberTwo)), mobile,
		}, 0, 3, numberOne, v1alpha1.ReasonReady},
		"a new phone beside one of another type": {[]step{
			setsByHand(ada, v1alpha1.PhoneTypeOffice, numberTwo), mobile,
		}, 0, 1, numberOne, v1alpha1.ReasonReady},
		"a phone that is there": {[]step{setsByHand(ada, mobileType, numberOne), mobile}, 1, 1, numberOne, v1alpha1.ReasonReady},
		"a phone that is there with another number": {[]step{
			setsByHand(ada, mobileType, numberTwo), mobile, waits(50 * time.Minute),
		}, 1, 1, numberTwo, v1alpha1.ReasonAlreadyExists},
		"a phone that is there with another number of the same mask": {[]step{
			setsByHand(ada, mobileType, twinOfOne), mobile, waits(50 * time.Minute),
		}, 1, 1, twinOfOne, v1alpha1.ReasonAlreadyExists},
		"a phone that is expected to be there": {[]step{
			setsByHand(ada, mobileType, numberOne), creates(people, ada, mobileType, number(numberOne), adopting(v1alpha1.AdoptIfNumberMatches)),
		}, 1, 0, numberOne, v1alpha1.ReasonReady},
		"a phone that is expected and is not there": {[]step{
			creates(people, ada, mobileType, number(numberOne), adopting(v1alpha1.AdoptIfNumberMatches)),
		}, 1, 1, numberOne, v1alpha1.ReasonReady},
		"a phone after others were there already": {[]step{
			setsByHand(bob, mobileType, numberTwo), creates("people/b", bob, mobileType, number(numberTwo)), works(busy),
			{"what was asked of the first one is forgotten", func(m *model) { m.paths = nil }}, mobile,
		}, 1, 1, numberOne, v1alpha1.ReasonReady},
		"a phone that is there by the registration report, and is expected by nobody": {[]step{
			setsByHand(ada, mobileType, numberOne), reports(phone.Mobile), mobile,
		}, 1, 0, numberOne, v1alpha1.ReasonReady},
		"a phone that came after the registration report": {[]step{
			reports(), setsByHand(ada, mobileType, numberTwo), mobile,
		}, 1, 1, numberTwo, v1alpha1.ReasonAlreadyExists},
		"a phone that Observe would create": {[]step{
			tenantEdited("mode Observe", func(s *tenantState) { s.spec.Mode = v1alpha1.ModeObserve }), mobile,
		}, 1, 0, "", v1alpha1.ReasonWouldChange},
		"an alternateMobile whose mobile may be there": {[]step{
			creates(people, ada, v1alpha1.PhoneTypeAlternateMobile, number(numberOne)),
		}, 1, 0, "", v1alpha1.ReasonWaitingForMobile},
		"a phone that may not be taken over": {[]step{ruled("no Update", withoutUpdate), mobile}, 1, 1, numberOne, v1alpha1.ReasonReady},
		"a number that Graph refuses": {[]step{
			answers(http.MethodPost, "/phoneMethods$", 400, 9), mobile, waits(5 * time.Second),
		}, 3, 2, "", v1alpha1.ReasonRejected},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(waits(10 * time.Minute)) // an operator that has just begun does not know what the one before it did
				m.take(c.steps...)
				m.take(works(busy))
				if reads, writes := m.asked(lists), m.asked(creations); reads != c.reads || writes != c.writes {
					t.Errorf("%d reads and %d creates, want %d and %d", reads, writes, c.reads, c.writes)
				}
				m.wants(t, c.phone)
				m.saysReady(t, people, c.says)
			})
		})
	}
}

// reports has the registration report say which phones ada has.
func reports(types ...phone.Type) step {
	return step{fmt.Sprintf("the registration report says %v of ada", types), func(m *model) {
		m.registered.Inventory = tenant.NewInventory()
		m.registered.Inventory.Heard(graph.Page[graph.Registration]{Rows: []graph.Registration{{User: ada, Types: types}}}, time.Now())
	}}
}

// What an operator was creating when it was killed is known by the whole number, for it did not look
// what was there before; and by the mask, where the number is not known any more.
func TestTheNextOperatorKnowsAFirstPhoneByItsNumber(t *testing.T) {
	for name, c := range map[string]struct {
		before string // what ada has before all
		then   []step
		phone  string
		says   string // "" for a resource that is gone
	}{
		"as its own":                             {"", nil, numberOne, v1alpha1.ReasonReady},
		"as its own, and edits it":               {"", []step{waits(time.Minute), edits("people/a", number(numberTwo))}, numberTwo, v1alpha1.ReasonReady},
		"as its own, which goes":                 {"", []step{deletes("people/a")}, "", ""},
		"not as its own":                         {twinOfOne, nil, twinOfOne, v1alpha1.ReasonAlreadyExists},
		"not as its own, and the resource goes":  {twinOfOne, []step{deletes("people/a")}, twinOfOne, ""},
		"as its own, though it was edited":       {"", []step{edits("people/a", number(numberTwo))}, numberTwo, v1alpha1.ReasonReady},
		"as its own, which was edited and goes":  {"", []step{edits("people/a", number(numberTwo)), deletes("people/a")}, "", ""},
		"as its own, which goes with its Secret": {"", []step{edits("people/a", fromSecret), secretSays("people", ""), deletes("people/a")}, "", ""},
		"not as its own where it may not adopt":  {"", []step{edits("people/a", number(numberTwo), adopting(v1alpha1.AdoptNever))}, numberOne, v1alpha1.ReasonAlreadyExists},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				sent := false
				m.spoils(func(_ *pam, status bool) error {
					if sent = sent || status && m.asked(creations) > 0; sent {
						return apierrors.NewInternalError(errors.New("no space"))
					}
					return nil
				})
				m.take(waits(10*time.Minute), setsByHand(ada, mobileType, c.before), creates("people/a", ada, mobileType, number(numberOne)), works(1))
				m.process.spoil = nil
				m.take(c.then...)
				m.take(reborn, waits(5*time.Minute))
				m.wants(t, c.phone)
				m.ends(t, "people/a", c.says)
			})
		})
	}
}
