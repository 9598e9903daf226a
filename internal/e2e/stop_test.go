package e2e_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

// stopping is what the manager logs when it was told to end and waits for those who work.
const stopping = "Stopping and waiting for leader election runnables"

// An operator that is told to end while Graph works on its write hears the answer, records it, and lets the Lease go.
func TestAStopInTheMiddleOfAWrite(t *testing.T) {
	t.Parallel()
	s := newStoryAlone(t)
	p, u := s.people, s.user()
	o := s.launch(launch{args: []string{"--leader-elect=true"}})
	stopped := make(chan error, 1)
	s.front.stepIn(func(_ http.ResponseWriter, r *http.Request) bool {
		if about(r, u) && r.Method == http.MethodPost {
			go func() { stopped <- o.stop() }()
			s.eventually("the operator stops", func() error {
				if !strings.Contains(o.Output(), stopping) {
					return errors.New("it does not say so")
				}
				return nil
			})
		}
		return false
	})
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101"))
	must(t, <-stopped)
	s.front.stepIn(nil)
	p.ready("mobile") // and nobody works
	s.has(u, "mobile +1 2065550101")
	if holder := s.leader(); holder != "" {
		t.Errorf("%s ended and keeps the Lease", holder)
	}
}
