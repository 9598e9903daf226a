package phonemethod

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
)

// undoes is a Graph in which another number is in the place of ada's right after each
// write of it: by its own way to write numbers, or by somebody's hand.
type undoes struct {
	wire
	other string // "" is nothing any more
}

func (u *undoes) Do(r *http.Request) (*http.Response, error) {
	resp, err := u.wire.Do(r)
	if wrote := r.Method == http.MethodPost || r.Method == http.MethodPatch; u.other != "" && err == nil && wrote && strings.Contains(r.URL.Path, "/phoneMethods") && resp.StatusCode < 300 {
		setsByHand(ada, mobileType, u.other).do(u.m)
	}
	return resp, err
}

// undoing puts such a Graph before the operator.
func (m *model) undoing(other string) *undoes {
	u := &undoes{wire{m.process}, other}
	client, err := graph.New(graph.Options{Credential: tokens{m}, Endpoint: graphURL, Transport: u, Throttle: m.process.throttle, Abreast: 1})
	must(err)
	m.registered.Graph = client
	return u
}

// A correction that is undone each time is not made at every look; nor is it given up.
func TestAWriteThatIsUndoneEachTime(t *testing.T) {
	for name, c := range map[string]struct {
		asks    bool // somebody asks for a look every minute
		minutes int
		most    int // updates in that time
	}{
		"in an hour and a half":                 {false, 90, 2},
		"over the day":                          {false, 24*60 + 30, 2 + 24},
		"asked for by a reconcile every minute": {true, 90, 4},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				u := m.undoing(numberTwo)
				m.take(creates("people/a", ada, mobileType, number(numberOne)), works(busy))
				for range c.minutes {
					if c.asks {
						m.take(edits("people/a", asking()))
					}
					m.tries(time.Minute)
				}
				if n := m.sent(http.MethodPatch); n > c.most || n == 0 {
					t.Errorf("%d updates, want %d at most", n, c.most)
				}
				if resourceOf(m.cluster.pams[keyFor("people/a")]).isReady() {
					m.tries(time.Minute) // the write of the resync was acknowledged a moment ago
				}
				m.wants(t, numberTwo)
				m.saysReady(t, "people/a", v1alpha1.ReasonDriftDetected)
				m.saysWords(t, "people/a", "Each time that the operator writes this number", "driftPolicy is Report")
				u.other = ""
				m.tries(2 * time.Hour)
				m.wants(t, numberOne)
				m.saysReady(t, "people/a", v1alpha1.ReasonReady)
			})
		})
	}
}

// An edit is written whatever was undone before, and so is a correction of yet another number.
func TestWhatIsWrittenAlthoughAWriteWasUndoneEachTime(t *testing.T) {
	for name, c := range map[string]struct {
		then  step
		phone string
	}{
		"an edit of the number":   {edits("people/a", number(twinOfOne)), twinOfOne},
		"yet another number":      {setsByHand(ada, mobileType, "+1 2065550177"), numberOne},
		"a phone that is removed": {setsByHand(ada, mobileType, ""), numberOne},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				u := m.undoing(numberTwo)
				m.take(creates("people/a", ada, mobileType, number(numberOne)))
				m.tries(90 * time.Minute)
				m.saysReady(t, "people/a", v1alpha1.ReasonDriftDetected)
				u.other = ""
				m.take(c.then, edits("people/a", asking()))
				m.tries(2 * time.Minute)
				m.wants(t, c.phone)
				m.saysReady(t, "people/a", v1alpha1.ReasonReady)
			})
		})
	}
}
