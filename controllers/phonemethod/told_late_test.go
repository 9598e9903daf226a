package phonemethod

import (
	"net/http"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/journal"
)

// readsLag has lists of ada's phones show the state before a write for nearly as long as they may.
var readsLag = step{"reads lag", func(m *model) {
	m.graph.SetReadLag(journal.GraphReadLag - time.Second)
	m.behind(ada, time.Now().Add(time.Hour))
}}

// A create that was done is not called rejected because Graph refuses it when it is sent again, before lists show the phone.
func TestACreateThatShowsLateIsNotRejected(t *testing.T) {
	post := func(f emulator.Fault) []step {
		f.Method, f.Path, f.Times = http.MethodPost, "/phoneMethods$", 1
		return []step{graphFault("the answer is not that it is done", f), creates("people/a", ada, mobileType, number(numberOne)), works(1)}
	}
	for name, c := range map[string]struct {
		steps []step
		posts int
	}{
		"the connection is cut":    {post(emulator.Fault{Effect: emulator.Cut, AfterWork: true}), 2},
		"Graph answers 500":        {post(emulator.Fault{Effect: emulator.Answer, Status: 500, AfterWork: true}), 2},
		"the number is not unique": {post(emulator.Fault{Effect: emulator.Answer, Status: 409, Code: "phoneNumberNotUnique", AfterWork: true}), 1},
		"the operator is killed":   {append(post(emulator.Fault{Effect: emulator.Cut, AfterWork: true}), reborn), 2},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(waits(10*time.Minute), readsLag)
				m.take(c.steps...)
				for range 45 {
					if r := readyOf(m.cluster.pams[keyFor("people/a")]).Reason; r != "" && r != v1alpha1.ReasonPending && r != v1alpha1.ReasonReady {
						t.Fatalf("it says %s", r)
					}
					m.take(waits(time.Second))
				}
				m.saysReady(t, "people/a", v1alpha1.ReasonReady)
				m.wants(t, numberOne)
				if n := m.sent(http.MethodPost); n != c.posts {
					t.Errorf("%d creates, want %d", n, c.posts)
				}
			})
		})
	}
}

// A create that was not done is made again soon, and one that Graph goes on to refuse is told within the time of a recovery.
func TestACreateOfUnknownOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		refusals int
		after    time.Duration
		says     string
		phone    string
	}{
		"it is not done":              {0, 10 * time.Second, v1alpha1.ReasonReady, numberOne},
		"it is refused once after it": {1, 40 * time.Second, v1alpha1.ReasonReady, numberOne},
		"it is refused for good":      {1000, recovery, v1alpha1.ReasonRejected, ""},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				const posts = "/phoneMethods$"
				m.take(waits(10*time.Minute), graphFault("it is lost", emulator.Fault{Method: http.MethodPost, Path: posts, Times: 1, Effect: emulator.Cut}),
					creates("people/a", ada, mobileType, number(numberOne)), works(1))
				if c.refusals > 0 {
					m.take(answers(http.MethodPost, posts, http.StatusBadRequest, c.refusals))
				}
				m.take(waits(c.after))
				m.saysReady(t, "people/a", c.says)
				m.wants(t, c.phone)
			})
		})
	}
}

// A list costs two seconds of what Graph allows a tenant below /authentication/: what shows late is not asked for more often than helps.
func TestHowOftenWhatShowsLateIsRead(t *testing.T) {
	made := []step{creates("people/a", ada, mobileType, number(numberOne)), works(1)}
	lost := graphFault("the answer is lost", emulator.Fault{Path: "/phoneMethods/", Effect: emulator.Cut, AfterWork: true, Times: 1})
	for name, c := range map[string]struct {
		steps []step
		then  time.Duration
		most  int
		phone string
	}{
		"an update": {append(made, waits(10*time.Minute), readsLag, edits("people/a", number(numberTwo))), time.Minute, 5, numberTwo},
		"a deletion of a new phone, and the answer is lost": {append(made, lost, deletes("people/a")), 100 * time.Second, 4, ""},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				last := len(c.steps) - 1
				m.take(c.steps[:last]...)
				before := m.asked(lists)
				m.take(c.steps[last], waits(c.then))
				m.wants(t, c.phone)
				if c.phone == "" {
					m.gone(t, "people/a", true)
				} else {
					m.saysReady(t, "people/a", v1alpha1.ReasonReady)
				}
				if n := m.asked(lists) - before; n > c.most {
					t.Errorf("%d lists, want %d at most", n, c.most)
				}
			})
		})
	}
}
