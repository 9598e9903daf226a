package throttle_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/throttle"
)

func TestOneAtATimeProbesAGraphThatNeverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, hangs)
		ctx, stop := context.WithCancel(t.Context())
		var workers sync.WaitGroup
		for range 16 {
			workers.Go(func() {
				for ctx.Err() == nil {
					wait, _ := s.reconcile(ctx)
					pause(max(wait, 100*time.Millisecond))
				}
			})
		}
		pause(16 * time.Second)
		if asked, _ := s.seen(); asked != 16 {
			t.Errorf("the first sixteen asked %d times", asked)
		}
		s.becomes(hangs)
		pause(time.Hour)
		asked, most := s.seen()
		if most != 1 {
			t.Errorf("%d probed at once", most)
		}
		if asked < 36 || asked > 70 { // each hangs for 15 s, with a pause of 60 to 90 s and a turn after it
			t.Errorf("%d probed in an hour", asked)
		}
		s.becomes(answers)
		pause(2 * time.Minute)
		if asked, _ := s.seen(); asked < 16*100 {
			t.Errorf("%d requests after it was back", asked)
		}
		stop()
		workers.Wait()
	})
}

func TestTheCircuitIsOpenForLongerWithEachProbeInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, hangs)
		want := time.Second
		for range 10 {
			s.together(1)
			wait, _ := s.reconcile(t.Context())
			if wait < want || wait >= want*3/2 {
				t.Fatalf("open for %v, want %v and up to half of it more", wait, want)
			}
			if _, _, closed := s.admit(t.Context(), throttle.Low); closed == nil || after(closed) < want {
				t.Fatalf("a drift check is rejected with %v", closed)
			}
			pause(wait)
			want = min(2*want, time.Minute)
		}
		s.becomes(answers)
		s.together(1)
		s.becomes(hangs)
		s.together(1)
		if wait, _ := s.reconcile(t.Context()); wait >= 1500*time.Millisecond {
			t.Errorf("after an answer it is open for %v", wait)
		}
	})
}

func TestTheProbeDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, hangs)
		early, earlier, _ := s.admit(t.Context(), throttle.High) // under way when the circuit is open
		s.together(1)
		wait, _ := s.reconcile(t.Context())
		pause(wait)
		_, probe, closed := s.admit(t.Context(), throttle.Low)
		if closed != nil {
			t.Fatal("none may probe", closed)
		}
		for _, p := range []throttle.Priority{throttle.High, throttle.Low} {
			if _, _, closed := s.admit(t.Context(), p); closed == nil || after(closed) < time.Second {
				t.Fatalf("a second one is rejected with %v", closed)
			}
		}
		_, err := s.client.PhoneMethods(early, adaID)
		earlier.Done(err)
		if _, _, closed := s.admit(t.Context(), throttle.High); closed == nil || after(closed) > 1100*time.Millisecond {
			t.Fatalf("after one from before was lost, one is rejected with %v", closed)
		}
		probe.Done(nil) // it had nothing to ask
		ctx, probe, closed := s.admit(t.Context(), throttle.High)
		if closed != nil {
			t.Fatal("after a probe that asked for nothing, none may probe", closed)
		}
		s.becomes(answers)
		if _, err = s.client.PhoneMethods(ctx, adaID); err != nil {
			t.Fatal(err)
		}
		probe.Done(err)
		for range 100 {
			if _, _, closed := s.admit(t.Context(), throttle.High); closed != nil {
				t.Fatal("after an answer, one is rejected", closed)
			}
		}
	})
}

func TestACredentialThatIsRefusedIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, answers)
		s.err = errors.New("refused")
		for range 5 {
			s.together(1)
			pause(2 * time.Second)
		}
		if _, open := s.throttle.State(); open {
			t.Error("the circuit is open")
		}
	})
}

// The look-up of the tenant's reconciler tells whether Graph answers, and since when.
func TestARequestWithoutATicketPassesAnOpenCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, hangs)
		s.together(1)
		_, err := s.client.User(t.Context(), adaID)
		if kind := graph.KindOf(err); kind != graph.Unavailable {
			t.Errorf("it ends with %v", err)
		}
		if asked, _ := s.seen(); asked != 2 {
			t.Errorf("%d requests were sent", asked)
		}
	})
}

func TestAResetClosesTheCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, hangs)
		s.together(1)
		s.throttle.Reset()
		if _, open := s.throttle.State(); open {
			t.Error("it is open")
		}
	})
}

func TestThousandsWhoWaitForGraphDoNotAskEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const users, length = 10_000, 10 * time.Minute
		s := newServer(t, hangs)
		s.together(1)
		due := map[int64]int{} // seconds from now -> users
		due[0] = users
		most := 0
		began := time.Now()
		for time.Since(began) < length {
			at := int64(time.Since(began) / time.Second)
			n := due[at]
			delete(due, at)
			if at > 0 {
				most = max(most, n)
			}
			for range n {
				wait := 20 * time.Second
				ctx, ticket, closed := s.admit(t.Context(), throttle.High)
				if closed != nil {
					wait = after(closed)
					if longest := 90*time.Second + 20*time.Second; wait > longest {
						t.Fatalf("one is to wait %v", wait)
					}
				} else {
					go func() {
						_, err := s.client.PhoneMethods(ctx, adaID)
						ticket.Done(err)
					}()
				}
				due[at+1+int64(wait/time.Second)]++
			}
			pause(time.Second)
		}
		if most > users/8 {
			t.Errorf("%d of %d came in one second", most, users)
		}
		pause(time.Minute) // until those under way are done
	})
}

// balanced is a server behind a load balancer: a connection leads to one of several,
// and what goes over it stays there.
type balanced struct {
	*server
	connection int
}

func (b *balanced) CloseIdleConnections() { b.connection++ }

func TestTheProbeIsSentOnAnotherConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &balanced{server: newServer(t, nil)}
		b.becomes(func(r *http.Request) (*http.Response, error) {
			if b.connection == 0 {
				return hangs(r)
			}
			return answers(r)
		})
		var err error
		b.client, err = graph.New(graph.Options{Credential: &b.noToken, Endpoint: "https://graph.example", Transport: b, Throttle: b.throttle})
		if err != nil {
			t.Fatal(err)
		}
		b.together(4)
		if b.connection != 0 {
			t.Error("a connection is closed before any was in vain")
		}
		pause(2 * time.Second)
		for range 3 {
			if _, err := b.reconcile(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if b.connection != 1 {
			t.Errorf("it was connected anew %d times", b.connection)
		}
	})
}
