package phonemethod

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// A create that was made unread and refused made nothing. A phone of its mask that shows later is
// another client's, also where the read right after the refusal did not show it yet.
func TestARefusedFirstCreateMakesNoLaterPhoneOurs(t *testing.T) {
	with := func(then ...step) []step {
		refused := []step{
			waits(10 * time.Minute), answers(http.MethodPost, "/phoneMethods$", 400, 1), creates("people/a", ada, mobileType, number(numberOne)), works(1),
			{"a second goes by", func(*model) { elapse(time.Second) }}, setsByHand(ada, mobileType, twinOfOne),
		}
		return slices.Concat(refused, then, []step{waits(5 * time.Minute)})
	}
	tells(t, map[string]story{
		"before it is tried once more":            {with(), twinOfOne, v1alpha1.ReasonAlreadyExists, nil},
		"and the resource goes":                   {with(deletes("people/a")), twinOfOne, "", nil},
		"and its number is edited":                {with(edits("people/a", number(numberTwo))), twinOfOne, v1alpha1.ReasonAlreadyExists, nil},
		"and the operator is killed":              {with(reborn), twinOfOne, v1alpha1.ReasonAlreadyExists, nil},
		"and it is killed, and the resource goes": {with(reborn, deletes("people/a")), twinOfOne, "", nil},
	})
}
