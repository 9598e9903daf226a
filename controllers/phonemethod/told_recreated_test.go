package phonemethod

import (
	"net/http"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// What became of a write for a resource says nothing of another one that has its name by now.

func TestWhatWasMadeForAResourceIsNotThatOfTheNextOfItsName(t *testing.T) {
	told(t, func(m *model) {
		m.knowsNot("of finalizers that an editor takes off", nothingIsLost, oneHolder)
		m.take(ruled("no Update", withoutUpdate), setsByHand(ada, v1alpha1.PhoneTypeOffice, numberTwo), waits(10*time.Minute),
			graphFault("a late create", emulator.Fault{Method: http.MethodPost, Path: "/phoneMethods$", Times: 1, Effect: emulator.Late, Delay: 2 * time.Second}),
			creates("people/a", ada, mobileType, number(numberOne)), works(busy),
			step{"an editor takes the finalizer off people/a", func(m *model) {
				m.cluster.edit(keyFor("people/a"), func(o *pam) { o.Finalizers = nil })
			}},
			deletes("people/a"), creates("people/a", ada, v1alpha1.PhoneTypeOffice, number(twinOfOne)), waits(2*time.Minute))
		if m.has(ada, mobileType) == nil {
			t.Error("the create never came")
		}
		m.take(deletes("people/a"), waits(5*time.Minute))
		m.gone(t, "people/a", true)
		if p := m.has(ada, v1alpha1.PhoneTypeOffice); p == nil || p.Number != numberTwo {
			t.Errorf("the office phone that ada has herself is %v now", p)
		}
	})
}

func TestWhatWasRefusedToAResourceIsTriedForTheNextOfItsName(t *testing.T) {
	tells(t, map[string]story{"of the same content": {[]step{
		answers(http.MethodPost, "/phoneMethods$", 400, 2), creates("people/a", ada, mobileType, number(numberOne)), waits(20 * time.Second),
		deletes("people/a"), waits(time.Minute), creates("people/a", ada, mobileType, number(numberOne)),
	}, numberOne, v1alpha1.ReasonReady, nil}})
}
