package phonemethod

import (
	"testing"
	"testing/synctest"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/entraops/phone-operator/internal/user"
)

// A queue that is never empty of users somebody waits for, as one editor in a loop makes it.
func TestADriftCheckDoesNotStarve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := priorityqueue.New[user.Key]("test")
		defer q.ShutDown()
		o := newSchedule()
		tick := time.NewTicker(time.Minute)
		defer tick.Stop()
		go o.raisePriority(t.Context(), q, tick.C)

		busy, atRest := []user.Key{{Tenant: "t", User: "a"}, {Tenant: "t", User: "b"}, {Tenant: "t", User: "c"}}, user.Key{Tenant: "t", User: "at rest"}
		low := handler.LowPriority
		q.AddWithOpts(priorityqueue.AddOpts{Priority: &low}, atRest)
		o.expect(atRest, nextReconcile{at: time.Now(), driftCheck: true})
		for _, key := range busy {
			q.Add(key)
		}
		synctest.Wait()
		began := time.Now()
		for {
			key, _ := q.Get()
			elapse(time.Second) // of virtual time: the look
			if key == atRest {
				break
			}
			q.Add(key)
			q.Done(key)
			synctest.Wait()
			if time.Since(began) > time.Hour {
				t.Fatal("nobody looked for an hour")
			}
		}
		if time.Since(began) < driftCheckPatience {
			t.Error("the drift check went before those whom somebody waits for")
		}
	})
}

func TestWhoWasLookedAtIsNotOverdue(t *testing.T) {
	o, now := newSchedule(), time.Now()
	one, two := user.Key{Tenant: "t", User: "one"}, user.Key{Tenant: "t", User: "two"}
	waits := user.Key{Tenant: "t", User: "waits"}
	o.expect(one, nextReconcile{at: now.Add(time.Minute - driftCheckPatience), driftCheck: true})
	o.expect(two, nextReconcile{at: now.Add(time.Minute - driftCheckPatience), driftCheck: true})
	o.expect(waits, nextReconcile{at: now, driftCheck: false})
	o.begin(one)
	if keys := o.overdue(now); len(keys) != 0 {
		t.Errorf("too early: %v", keys)
	}
	if keys := o.overdue(now.Add(2 * time.Minute)); len(keys) != 1 || keys[0] != two {
		t.Errorf("overdue are %v", keys)
	}
	if keys := o.overdue(now.Add(2 * time.Minute)); len(keys) != 0 {
		t.Errorf("twice: %v", keys)
	}
}

func TestWhatIsKnownOfTheNextLookAtAUser(t *testing.T) {
	key, at := user.Key{Tenant: "t", User: "ada"}, nextReconcile{at: time.Unix(60, 0), driftCheck: true}
	for name, c := range map[string]struct {
		before []func(*schedule)
		want   nextReconcile
	}{
		"nothing, of a user who was never looked at": {nil, nextReconcile{}},
		"when it is due": {[]func(*schedule){func(v *schedule) { v.expect(key, at) }}, at},
		"nothing, where it is forced": {[]func(*schedule){
			func(v *schedule) { v.expect(key, at) }, func(v *schedule) { v.force(key) },
		}, nextReconcile{}},
		"nothing, where it was forced while the last one ran": {[]func(*schedule){
			func(v *schedule) { v.begin(key) }, func(v *schedule) { v.force(key) }, func(v *schedule) { v.expect(key, at) },
		}, nextReconcile{}},
		"when it is due, after one that was forced": {[]func(*schedule){
			func(v *schedule) { v.force(key) }, func(v *schedule) { v.begin(key) }, func(v *schedule) { v.expect(key, at) },
		}, at},
	} {
		t.Run(name, func(t *testing.T) {
			v := newSchedule()
			for _, do := range c.before {
				do(v)
			}
			if got := v.begin(key); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
