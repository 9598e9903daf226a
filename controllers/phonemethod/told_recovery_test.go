package phonemethod

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/journal"
)

// recovery is within what everything is as the resources say, after the last fault: as long as Graph may take to do a
// write whose answer was lost, and as long as reads may lag behind that, and a moment to work.
const recovery = journal.WriteDeadline + journal.GraphReadLag + 5*time.Second

// openOutcomes are what Graph may do to a write that leaves its outcome open.
var openOutcomes = map[string]emulator.Fault{
	"done late":       {Effect: emulator.Late, Delay: 50 * time.Second},
	"lost":            {Effect: emulator.Cut},
	"answer lost":     {Effect: emulator.Cut, AfterWork: true},
	"an error":        {Effect: emulator.Answer, Status: 500},
	"an error, done":  {Effect: emulator.Answer, Status: 504, AfterWork: true},
	"reads lag after": {Effect: emulator.Lag, Delay: 20 * time.Second},
}

func TestEverythingMatchesSoonAfterTheLastFault(t *testing.T) {
	const one, two = "people/mobile", "people/alternate"
	both := []step{
		creates(one, ada, mobileType, number(numberOne)),
		creates(two, ada, v1alpha1.PhoneTypeAlternateMobile, number(numberTwo)),
	}
	ready := append([]step{waits(10 * time.Minute)}, append(both, waits(5*time.Minute))...)
	for name, c := range map[string]struct {
		before []step
		method string
		steps  []step
		gone   bool
		mobile string
	}{
		"both are created":             {[]step{waits(10 * time.Minute)}, http.MethodPost, both, false, numberOne},
		"both are deleted":             {ready, http.MethodDelete, []step{deletes(one), deletes(two)}, true, ""},
		"the number is edited":         {ready, http.MethodPatch, []step{edits(one, number("+1 2065550104"))}, false, "+1 2065550104"},
		"both are created and deleted": {[]step{waits(10 * time.Minute)}, http.MethodPost, append(both[:2:2], works(busy), deletes(one), deletes(two)), true, ""},
	} {
		for what, f := range openOutcomes {
			for i := range 6 {
				killed, times := i%2 == 1, 1+i/2
				t.Run(fmt.Sprintf("%s, %d times %s, killed %v", name, times, what, killed), func(t *testing.T) {
					f.Method, f.Path, f.Times = c.method, "/phoneMethods", times
					told(t, func(m *model) {
						m.take(c.before...)
						m.take(graphFault(what, f))
						m.take(c.steps...)
						m.take(works(busy))
						if killed {
							m.take(reborn)
						}
						m.take(waits(recovery))
						m.wants(t, c.mobile)
						for _, name := range []string{one, two} {
							o, there := m.cluster.pams[keyFor(name)]
							if there == c.gone {
								t.Errorf("%s is there: %v", name, there)
							} else if there && !resourceOf(o).isReady() {
								t.Errorf("%s says %s", name, readyOf(o).Reason)
							}
						}
						m.take(waits(time.Minute)) // for what Graph does late, and should not have
					})
				})
			}
		}
	}
}
