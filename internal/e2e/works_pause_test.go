package e2e_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
)

// paused is a leader that stands still in the middle of a write, and knows nothing of what happened since.
type paused struct {
	*operator
	hearAgain func()
}

// pause stops a leader, as SIGSTOP or a frozen machine does. What it asked for is answered when it stands still.
func (s *story) pause(o *operator, answer chan<- struct{}) paused {
	s.t.Helper()
	o.told.Store(true) // its end is expected
	must(s.t, o.Signal(syscall.SIGSTOP))
	p := paused{o, sync.OnceFunc(s.api.deafen())}
	s.t.Cleanup(p.hearAgain)
	close(answer)
	return p
}

// goOn lets it go on where it was, until it ends by itself: it has lost the Lease.
func (p paused) goOn(t *testing.T) {
	t.Helper()
	must(t, p.Signal(syscall.SIGCONT))
	if err := p.Wait(t.Context()); err == nil || !strings.Contains(p.Output(), "leader election lost") {
		t.Errorf("it ended with %v", err)
	}
}

// A leader that is paused in the middle of a write goes on when the next one has worked for a while. It sends nothing
// any more, and writes nothing into any status.
func TestALeaderThatIsPausedInTheMiddleOfAWrite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		// holdUp has the answer to a request of the leader wait for a channel, which it says the arrival of on another.
		holdUp    func(s *story, u emulator.User, came chan<- struct{}, answer <-chan struct{})
		meanwhile func(p *team)
		phones    []string
		done      map[string]int
	}{
		"before it sends it: the resource was deleted meanwhile, and its phone with it": {
			holdUp: func(s *story, _ emulator.User, came chan<- struct{}, answer <-chan struct{}) {
				s.api.stepIn(onIntent(s, came, answer))
			},
			meanwhile: func(p *team) { p.ready("mobile"); p.remove("mobile"); p.gone("mobile") },
			done:      map[string]int{"POST mobile": 1, "DELETE mobile": 1},
		},
		"after Graph did it: the number was edited meanwhile": {
			holdUp: func(s *story, u emulator.User, came chan<- struct{}, answer <-chan struct{}) {
				s.front.stepIn(func(w http.ResponseWriter, r *http.Request) bool {
					if !about(r, u) || r.Method != http.MethodPost {
						return false
					}
					s.front.stepIn(nil)
					s.front.work(r)
					close(came)
					<-answer
					http.Error(w, "{}", http.StatusBadGateway) // it cannot know that it was done
					return true
				})
			},
			meanwhile: func(p *team) {
				p.ready("mobile")
				p.edit("mobile", number("+1 2065550102"))
				p.ready("mobile")
			},
			phones: []string{"mobile +1 2065550102"},
			done:   map[string]int{"POST mobile": 1, "PATCH mobile": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStoryAlone(t)
			p, u, v := s.people, s.user(), s.user()
			elected := launch{mute: true, args: []string{"--leader-elect=true"}}
			first := s.launch(elected)
			p.apply(p.phone("other", v.UPN, mobile, "+1 2065550111"))
			p.ready("other")

			came, answer := make(chan struct{}), make(chan struct{})
			c.holdUp(s, u, came, answer)
			p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101", adoptNever))
			<-came
			old := s.pause(first, answer)
			second := s.launch(elected)
			c.meanwhile(p)
			s.has(u, c.phones...)

			old.goOn(t)
			old.hearAgain()
			p.edit("other", number("+1 2065550112"))
			p.ready("other")
			s.has(u, c.phones...)
			if diff := cmp.Diff(c.done, s.done(u)); diff != "" {
				t.Errorf("what Graph did (-want +got):\n%s", diff)
			}
			must(t, second.stop())
		})
	}
}

// onIntent holds up the answer to the first status that says what is about to be written.
func onIntent(s *story, came chan<- struct{}, answer <-chan struct{}) intercept {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPatch || !strings.HasSuffix(r.URL.Path, "/mobile/status") {
			return false
		}
		body, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if err != nil || !bytes.Contains(body, []byte(`"pendingWrite":{`)) {
			return false
		}
		s.api.stepIn(nil)
		give := s.api.work(w, r)
		close(came)
		<-answer
		give()
		return true
	}
}
