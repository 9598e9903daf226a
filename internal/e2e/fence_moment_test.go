package e2e_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// Between the begin of a look and its write Graph may take its time. What is taken away meanwhile, and the operator
// knows of, is not written any more.
func TestWhatIsTakenAwayWhileGraphIsSlow(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.allow(s.people.may(func(r *v1alpha1.AccessRule) {
		r.Namespaces = metav1.LabelSelector{MatchLabels: map[string]string{"fence": s.tenant}}
	}))
	d := s.doors()
	for sentence, c := range map[string]struct {
		takeAway func(g *team)
		then     func(g *team)
		known    func(g *team) // waits until the operator's cache has it: what comes later has been looked at
		phones   []string      // at the end, of a user who had none; nil: as before
	}{
		"the label of the namespace": {
			takeAway: func(g *team) { g.label(g.namespace, "fence", "out") },
			known:    func(g *team) { g.refused(v1alpha1.ReasonNotPermitted, "marker") },
			then:     func(g *team) { g.refused(v1alpha1.ReasonNotPermitted, "mobile") },
		},
		"the leave to work": {
			takeAway: func(g *team) { g.edit("mobile", suspend) },
			known:    func(g *team) { g.ready("marker") },
			then: func(g *team) {
				g.reaches("mobile", v1alpha1.ConditionSuspended, yes, v1alpha1.ReasonSuspended)
			},
		},
		"the number": {
			takeAway: func(g *team) { g.edit("mobile", number("+1 2065550103")) },
			known:    func(g *team) { g.ready("marker") },
			then:     func(g *team) { g.ready("mobile") },
			phones:   []string{"mobile +1 2065550103"},
		},
		"the resource": {
			takeAway: func(g *team) { g.remove("mobile") },
			known:    func(g *team) { g.ready("marker") },
			then:     func(g *team) { g.gone("mobile") },
			phones:   []string{},
		},
	} {
		for when, before := range map[string][]string{"a create": nil, "an update": {"mobile +1 2065550101"}} {
			t.Run(sentence+", before "+when, func(t *testing.T) {
				t.Parallel()
				g := s.under(t).team("lab")
				g.label(g.namespace, "fence", s.tenant)
				u := g.user()
				if before != nil {
					g.apply(g.phone("mobile", u.UPN, mobile, "+1 2065550101"))
					g.ready("mobile")
				}
				slow := d.hold(u)
				defer slow.open()
				if before == nil {
					g.apply(g.phone("mobile", u.UPN, mobile, "+1 2065550102"))
				} else {
					g.edit("mobile", number("+1 2065550102"))
				}
				slow.reached(g)
				c.takeAway(g)
				g.apply(g.phone("marker", g.user().UPN, mobile, "+1 2065550104"))
				c.known(g)
				slow.open()
				c.then(g)
				if c.phones != nil {
					before = c.phones
				}
				g.has(u, before...)
				for _, r := range g.writes() {
					if r.User == u.ID && strings.Contains(r.Body, "2065550102") {
						t.Errorf("the operator sent what was taken away: %s %s", r.Method, r.LogPath())
					}
				}
			})
		}
	}
}

// doors hold up the question for a user's roles, which stands before every write.
type doors struct{ byUser sync.Map }

type door struct {
	came, opened chan struct{}
	first, last  sync.Once
}

func (s *story) doors() *doors {
	d := &doors{}
	s.front.stepIn(func(_ http.ResponseWriter, r *http.Request) bool {
		path, ok := strings.CutSuffix(r.URL.Path, "/transitiveMemberOf")
		if held, is := d.byUser.Load(path[strings.LastIndexByte(path, '/')+1:]); ok && is {
			held.(*door).first.Do(func() { close(held.(*door).came) })
			<-held.(*door).opened
		}
		return false
	})
	return d
}

// hold has questions about a user wait until the door is opened.
func (d *doors) hold(u emulator.User) *door {
	held := &door{came: make(chan struct{}), opened: make(chan struct{})}
	d.byUser.Store(u.ID, held)
	return held
}

func (d *door) open() { d.last.Do(func() { close(d.opened) }) }

// reached waits until a question is held up.
func (d *door) reached(g *team) {
	g.t.Helper()
	g.eventually("the operator asks for the user's roles", func() error {
		select {
		case <-d.came:
			return nil
		default:
			return errNotYet
		}
	})
}
