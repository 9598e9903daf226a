package lease_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/entraops/phone-operator/internal/lease"
)

func TestATermAllowsUntilItIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var none *lease.Term
		if err := none.Check(); err != nil {
			t.Errorf("where nobody else is: %v", err)
		}
		var term lease.Term
		if !errors.Is(term.Check(), lease.ErrLapsed) {
			t.Error("before the first renewal")
		}
		term.Renew(time.Now(), 10*time.Second)
		pass(10*time.Second - time.Nanosecond)
		if err := term.Check(); err != nil {
			t.Errorf("before its end: %v", err)
		}
		pass(time.Nanosecond)
		if term.Check() == nil {
			t.Error("after its end")
		}
		term.Renew(time.Now(), 10*time.Second)
		term.End()
		if term.Check() == nil {
			t.Error("when the Lease was let go")
		}
	})
}

// The monotonic clock stands still while a machine is suspended.
func TestATermEndsByTheWallClock(t *testing.T) {
	var term lease.Term
	term.Renew(time.Now().Round(0).Add(-time.Minute), 10*time.Second)
	if term.Check() == nil {
		t.Error("a minute by the wall clock does not count")
	}
}

// lock is a Lease that answers as it is told.
type lock struct {
	resourcelock.Interface
	err error
}

func (lock) Identity() string { return "me" }

func (l lock) Create(context.Context, resourcelock.LeaderElectionRecord) error { return l.err }
func (l lock) Update(context.Context, resourcelock.LeaderElectionRecord) error { return l.err }

func TestTheTermOfALeaderFollowsItsLease(t *testing.T) {
	mine, others := resourcelock.LeaderElectionRecord{HolderIdentity: "me"}, resourcelock.LeaderElectionRecord{}
	for sentence, tc := range map[string]struct {
		do   func(w lease.Watched, failing lease.Watched) error
		want bool
	}{
		"the Lease is made":     {func(w, _ lease.Watched) error { return w.Create(t.Context(), mine) }, true},
		"the Lease is taken":    {func(w, _ lease.Watched) error { return w.Update(t.Context(), mine) }, true},
		"it could not be taken": {func(_, f lease.Watched) error { _ = f.Update(t.Context(), mine); return nil }, false},
		"one renewal of two was in vain": {func(w, f lease.Watched) error {
			_ = w.Update(t.Context(), mine)
			_ = f.Update(t.Context(), mine)
			return nil
		}, true},
		"it is let go": {func(w, _ lease.Watched) error { _ = w.Update(t.Context(), mine); return w.Update(t.Context(), others) }, false},
		"it was to be let go, in vain": {func(w, f lease.Watched) error {
			_ = w.Update(t.Context(), mine)
			_ = f.Update(t.Context(), others)
			return nil
		}, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := lease.Watched{Interface: lock{}, Term: &lease.Term{}, Allowed: time.Hour}
			failing := w
			failing.Interface = lock{err: errors.New("no answer")}
			if err := tc.do(w, failing); err != nil {
				t.Fatal(err)
			}
			if got := w.Term.Check() == nil; got != tc.want {
				t.Errorf("leads: %t", got)
			}
		})
	}
}

func TestNothingLeavesOnAFencedConnection(t *testing.T) {
	ours, theirs := net.Pipe()
	allowed := error(nil)
	c := lease.Fenced(ours, func() error { return allowed })
	came := make(chan string)
	go func() {
		all, _ := io.ReadAll(theirs)
		came <- string(all)
	}()
	if _, err := c.Write([]byte("one")); err != nil {
		t.Fatal(err)
	}
	allowed = lease.ErrLapsed
	if _, err := c.Write([]byte("two")); !errors.Is(err, lease.ErrLapsed) {
		t.Errorf("got %v", err)
	}
	if got := <-came; got != "one" { // and it was closed
		t.Errorf("%q left", got)
	}
}
