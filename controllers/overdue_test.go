package controllers

import (
	"testing"
	"testing/synctest"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
)

// A queue that is never empty of users somebody waits for, as one editor in a loop makes it.
func TestADriftCheckDoesNotStarve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := priorityqueue.New[UserKey]("test")
		defer q.ShutDown()
		o := newOverdue()
		tick := time.NewTicker(time.Minute)
		defer tick.Stop()
		go o.hasten(t.Context(), q, tick.C)

		busy, atRest := []UserKey{{"t", "a"}, {"t", "b"}, {"t", "c"}}, UserKey{"t", "at rest"}
		low := handler.LowPriority
		q.AddWithOpts(priorityqueue.AddOpts{Priority: &low}, atRest)
		o.expect(atRest, time.Now().Add(late))
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
		if time.Since(began) < late {
			t.Error("the drift check went before those whom somebody waits for")
		}
	})
}

func TestWhoWasLookedAtIsNotOverdue(t *testing.T) {
	o, now := newOverdue(), time.Now()
	one, two := UserKey{"t", "one"}, UserKey{"t", "two"}
	o.expect(one, now.Add(time.Minute))
	o.expect(two, now.Add(time.Minute))
	o.seen(one)
	if keys := o.take(now); len(keys) != 0 {
		t.Errorf("too early: %v", keys)
	}
	if keys := o.take(now.Add(2 * time.Minute)); len(keys) != 1 || keys[0] != two {
		t.Errorf("overdue are %v", keys)
	}
	if keys := o.take(now.Add(2 * time.Minute)); len(keys) != 0 {
		t.Errorf("twice: %v", keys)
	}
}
