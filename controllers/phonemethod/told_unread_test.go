package phonemethod

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
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

// A phone of the same mask was there before a create that was made unread. An operator that saw the number of the create
// tells the two apart, also where the resource does not say it any more and no answer to the create is in status.
func TestAFirstCreateMakesNoPhoneOursThatWasThere(t *testing.T) {
	edited := edits("people/a", number(numberTwo))
	cut := graphFault("a create is lost", emulator.Fault{Method: http.MethodPost, Path: "/phoneMethods$", Times: 1, Effect: emulator.Cut})
	with := func(before step, then ...step) []step {
		begun := []step{
			waits(10 * time.Minute), secretSays("people", numberOne), setsByHand(ada, mobileType, twinOfOne), before,
			creates("people/a", ada, mobileType, fromSecret), works(1),
		}
		return slices.Concat(begun, then, []step{waits(3 * time.Hour)})
	}
	tells(t, map[string]story{
		"the number is edited":                     {with(cut, edited), twinOfOne, v1alpha1.ReasonAlreadyExists, nil},
		"it is edited, and the resource goes":      {with(cut, edited, deletes("people/a")), twinOfOne, "", nil},
		"the Secret is away for a moment":          {with(cut, secretSays("people", ""), waits(20*time.Second), secretSays("people", numberOne)), twinOfOne, v1alpha1.ReasonAlreadyExists, nil},
		"it is edited before the eyes of the next": {with(cut, reborn, works(busy), edited), twinOfOne, v1alpha1.ReasonAlreadyExists, nil},
		"it is edited before the create is sent":   {with(step{"", func(m *model) { m.take(m.atTheLastLook(edited)) }}), twinOfOne, v1alpha1.ReasonAlreadyExists, nil},
		"it is edited before its refusal is told":  {with(onceCreated(edited)), twinOfOne, v1alpha1.ReasonAlreadyExists, nil},
	})
}

// onceCreated has a step happen right before the first status that the operator writes after a create.
func onceCreated(happens step) step {
	return step{"after the next create: " + happens.say, func(m *model) {
		before := m.asked(creations)
		m.spoils(func(_ *pam, status bool) error {
			if status && m.asked(creations) > before {
				m.spoils(nil)
				m.take(happens)
			}
			return nil
		})
	}}
}

// The other way round, a first phone that status says nothing of is the resource's own by its number.
func TestAFirstPhoneIsOursAfterAnEdit(t *testing.T) {
	told(t, func(m *model) {
		m.spoils(func(_ *pam, status bool) error {
			if status && m.asked(creations) > 0 {
				return apierrors.NewInternalError(errors.New("no space"))
			}
			return nil
		})
		m.take(waits(10*time.Minute), creates("people/a", ada, mobileType, number(numberOne)), waits(50*time.Second),
			edits("people/a", number(numberTwo), adopting(v1alpha1.AdoptNever)), waits(10*time.Second))
		m.spoils(nil)
		m.take(waits(5 * time.Minute))
		m.wants(t, numberTwo)
		m.saysReady(t, "people/a", v1alpha1.ReasonReady)
	})
}
