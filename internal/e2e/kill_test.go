package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// TestKilledAtAnyRequest leads users through a life, and in each ends the operator with kill -9 at another request to
// Graph: at the first, at the second, and so on until a life has fewer. Once the request has come and Graph has not
// worked on it, and once, of those that change something, when Graph has and the answer is not sent. Between two
// requests to Graph lie the operator's writes to the API server, so that both sides of those are met, too. Where nothing
// lies between two requests, neither a write nor a change in Graph, the next operator finds the same at either: the
// second is passed over.
// Lives that have an operator in common are led one after the other: a kill is for one of them. One that was met by a
// kill ends a minute or more later, when no phone can come any more that was begun: the ends are waited for together,
// after the last kill.
func TestKilledAtAnyRequest(t *testing.T) {
	t.Parallel()
	const lanes = 4
	for lane := range lanes {
		t.Run(fmt.Sprintf("lane %d", lane+1), func(t *testing.T) {
			t.Parallel()
			s := newStoryAlone(t, deletions(10_000))
			var lives []*life
			for _, m := range []struct {
				name   string
				moment func(s *story, u emulator.User, nth int) *cut
			}{
				{"before Graph works on it", (*story).cutBefore},
				{"after Graph changed something, before the answer", (*story).cutAfterWrite},
			} {
				for nth := lane + 1; ; nth += lanes {
					ended := false
					t.Run(fmt.Sprintf("%s, %d", m.name, nth), func(t *testing.T) {
						l := s.life(t)
						if s.current() == nil {
							s.launch(quick)
						}
						c := m.moment(l.story, l.user, nth)
						l.live()
						l.awaits(c)
						s.front.stepIn(nil)
						s.api.stepIn(nil)
						ended = !c.happened(t)
						lives = append(lives, l)
					})
					if t.Failed() || ended {
						break
					}
				}
			}
			for _, l := range lives {
				l.t = t
				l.end()
			}
		})
	}
}

// quick is an operator that starts without the ports that nobody asks here.
var quick = launch{mute: true}

// life is one user of a story from the first phone to the last.
type life struct {
	*story
	user emulator.User
	name string   // of the user's resources, before their own
	last []string // the resources that it ends with
}

func (s *story) life(t *testing.T) *life {
	here := s.under(t)
	u := here.user()
	return &life{story: here, user: u, name: resourcesOf(u)}
}

// resourcesOf is how the names of a user's resources begin.
func resourcesOf(u emulator.User) string { return "u" + u.ID[:8] + "-" }

func (l *life) live() {
	l.t.Helper()
	p, u := l.people, l.user
	named := func(what string) string { return l.name + what }
	all := []string{named("mobile"), named("alt"), named("office")}
	p.apply(p.phone(all[1], u.UPN, alternate, "+1 2065550102"), p.phone(all[0], u.UPN, mobile, "+12065550101"),
		p.phone(all[2], u.ID, office, "+1 2065550103x9073156", adoptNever))
	p.ready(all...)
	l.has(u, "mobile +1 2065550101", "alternateMobile +1 2065550102", "office +1 2065550103x9073156")

	p.edit(all[0], number("+1 2065550111"))
	p.ready(all...)
	l.has(u, "mobile +1 2065550111", "alternateMobile +1 2065550102", "office +1 2065550103x9073156")

	heir := named("heir")
	p.apply(p.phone(heir, strings.ToUpper(u.UPN), mobile, "+1 2065550121"))
	p.refused(v1alpha1.ReasonConflict, heir)
	p.remove(all[0])
	p.gone(all[0])
	p.ready(heir)
	l.has(u, "mobile +1 2065550121", "alternateMobile +1 2065550102", "office +1 2065550103x9073156")

	l.last = []string{heir, all[1], all[2]}
	p.remove(l.last...)
}

// awaits returns when the cut has come, or can come no more.
func (l *life) awaits(c *cut) {
	l.t.Helper()
	l.eventually("the life ends or is cut", func() error {
		select {
		case <-c.came:
			return nil
		default:
			return l.people.left(l.last...)
		}
	})
}

// end waits for the end of a life, and looks back.
func (l *life) end() {
	l.t.Helper()
	u := l.user
	l.people.gone(l.last...)
	l.has(u)

	// Whatever was tried twice, Graph did each thing once: it has no phone that was made anew, and at the hand-over no
	// moment without one.
	want := map[string]int{
		"POST mobile": 1, "POST alternateMobile": 1, "POST office": 1, "PATCH mobile": 2,
		"DELETE mobile": 1, "DELETE alternateMobile": 1, "DELETE office": 1,
	}
	got := l.done(u)
	if got["PATCH mobile"] == want["PATCH mobile"]+1 {
		// The answer was cut off, and the next operator's first read lagged behind the
		// update: once more the same number changes nothing.
		got["PATCH mobile"]--
	}
	if diff := cmp.Diff(want, got); diff != "" {
		l.t.Errorf("what Graph did (-want +got):\n%s", diff)
	}
}

// What an operator was about to record when it was killed is not lost on the next one, whatever happened meanwhile.
func TestWhatHappensWhileNobodyWorks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		taken     bool // the user has a phone, which is taken over; else it is created
		meanwhile func(*team, emulator.User)
		then      func(*team)
		phones    []string
		done      map[string]int
	}{
		"the resource is deleted": {
			meanwhile: func(p *team, _ emulator.User) { p.remove("mobile") },
			then:      func(p *team) { p.gone("mobile") },
			done:      map[string]int{"POST mobile": 1, "DELETE mobile": 1},
		},
		"the number is edited": {
			meanwhile: func(p *team, _ emulator.User) { p.edit("mobile", number("+1 2065550102")) },
			then:      func(p *team) { p.ready("mobile") },
			phones:    []string{"mobile +1 2065550102"},
			done:      map[string]int{"POST mobile": 1, "PATCH mobile": 1},
		},
		"another resource comes, and the first goes": {
			meanwhile: func(p *team, u emulator.User) {
				p.apply(p.phone("heir", u.ID, mobile, "+1 2065550103", adoptNever))
				p.remove("mobile")
			},
			then:   func(p *team) { p.gone("mobile"); p.ready("heir") },
			phones: []string{"mobile +1 2065550103"},
			done:   map[string]int{"POST mobile": 1, "PATCH mobile": 1},
		},
		"the resource is deleted when it had taken the phone over": {
			taken:     true,
			meanwhile: func(p *team, _ emulator.User) { p.remove("mobile") },
			then:      func(p *team) { p.gone("mobile") },
			done:      map[string]int{"PATCH mobile": 1, "DELETE mobile": 1},
		},
		"the name is given to somebody else": {
			meanwhile: func(p *team, u emulator.User) {
				must(p.t, p.graph.RenameUser(u.ID, "moved-"+u.UPN))
				p.user(func(other *emulator.User) { other.UPN = u.UPN })
			},
			then: func(p *team) {
				p.refused(v1alpha1.ReasonUserChanged, "mobile")
				p.remove("mobile")
				p.gone("mobile")
			},
			done: map[string]int{"POST mobile": 1, "DELETE mobile": 1},
		},
		"the phone is removed in Graph": {
			meanwhile: func(p *team, u emulator.User) { must(p.t, p.graph.RemovePhone(u.ID, "mobile")) },
			then:      func(p *team) { p.ready("mobile") },
			phones:    []string{"mobile +1 2065550101"},
			done:      map[string]int{"POST mobile": 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStoryAlone(t)
			p, u, method, adopt := s.people, s.user(), http.MethodPost, adoptNever
			if c.taken {
				u, method, adopt = s.user(foreignMobile), http.MethodPatch, adoptAlways
			}
			o := s.launch(quick)
			s.killAfter(o, u, method)
			p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101", adopt))
			<-o.Done()
			s.front.stepIn(nil)
			if o, err := p.get("mobile"); err != nil || o.Status.ID != "" || o.Status.PendingWrite == nil {
				t.Errorf("recorded as %q before the kill (%v): nothing is shown", o.Status.ID, err)
			}
			c.meanwhile(p, u)
			s.launch(quick)
			c.then(p)
			s.has(u, c.phones...)
			if diff := cmp.Diff(c.done, s.done(u)); diff != "" {
				t.Errorf("what Graph did (-want +got):\n%s", diff)
			}
			for _, r := range s.writes() {
				if r.User != u.ID {
					t.Errorf("for another user: %s %s", r.Method, r.LogPath())
				}
			}
		})
	}
}

// killAfter kills an operator when Graph has done what it asked for a user by a method, and is about to answer.
func (s *story) killAfter(o *operator, u emulator.User, method string) {
	s.front.stepIn(func(_ http.ResponseWriter, r *http.Request) bool {
		if !about(r, u) || r.Method != method {
			return false
		}
		s.front.work(r)
		o.kill()
		panic(http.ErrAbortHandler) // nobody is there to be answered
	})
}

// cut is the end of an operator at a chosen request. Another one is started at once.
type cut struct {
	story *story
	once  sync.Once
	again chan error // of the start of the other operator; nil before the end
	came  chan struct{}
}

// happened says whether it came to that, once the other operator runs.
func (c *cut) happened(t *testing.T) bool {
	t.Helper()
	c.once.Do(func() {}) // from now on it does not
	if c.again == nil {
		return false
	}
	must(t, <-c.again)
	return true
}

// end kills the operator that runs and starts another.
func (c *cut) end() {
	c.once.Do(func() {
		c.story.endAll()
		again := make(chan error, 1)
		c.again = again
		close(c.came)
		go func() {
			_, err := c.story.run(quick)
			again <- err
		}()
	})
}

// cutBefore ends the operator when its nth request about a user arrives, of those before which it has changed
// something. Graph does not do what it asked.
func (s *story) cutBefore(u emulator.User, nth int) *cut {
	var changed atomic.Bool
	changed.Store(true)
	s.api.stepIn(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet && strings.Contains(r.URL.Path, "/"+resourcesOf(u)) {
			changed.Store(true)
		}
		return false
	})
	return s.cut(u, nth, func(r *http.Request) bool { return changed.Swap(r.Method != http.MethodGet) }, func(*http.Request) {})
}

// cutAfterWrite ends it when Graph has done the nth write to a user and is about to answer.
func (s *story) cutAfterWrite(u emulator.User, nth int) *cut {
	return s.cut(u, nth, func(r *http.Request) bool { return r.Method != http.MethodGet }, s.front.work)
}

func (s *story) cut(u emulator.User, nth int, counts func(*http.Request) bool, first func(*http.Request)) *cut {
	c := &cut{story: s, came: make(chan struct{})}
	var mu sync.Mutex
	seen := 0
	s.front.stepIn(func(_ http.ResponseWriter, r *http.Request) bool {
		if !about(r, u) || !counts(r) {
			return false
		}
		mu.Lock()
		seen++
		now := seen == nth
		mu.Unlock()
		if !now {
			return false
		}
		first(r)
		c.end()
		panic(http.ErrAbortHandler) // nobody is there to be answered
	})
	return c
}

// about says whether a request names a user, in whatever spelling.
func about(r *http.Request, u emulator.User) bool {
	asked := strings.ToLower(r.URL.Path + "?" + r.URL.RawQuery)
	return strings.Contains(asked, u.ID) || strings.Contains(asked, strings.ToLower(u.UPN))
}
