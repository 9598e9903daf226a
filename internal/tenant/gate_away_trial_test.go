package tenant

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
)

func TestOneAtATimeTriesAGraphThatNeverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, hangs)
		ctx, stop := context.WithCancel(t.Context())
		var workers sync.WaitGroup
		for range 16 {
			workers.Go(func() {
				for ctx.Err() == nil {
					wait, _ := s.pass(ctx)
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
			t.Errorf("%d passes tried at once", most)
		}
		if asked < 36 || asked > 70 { // each hangs for 15 s, with a pause of 60 to 90 s and a turn after it
			t.Errorf("%d passes tried in an hour", asked)
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

func TestThePauseGrowsWithEachTrialInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, hangs)
		want := time.Second
		for range 10 {
			s.together(1)
			wait, _ := s.pass(t.Context())
			if wait < want || wait >= want*3/2 {
				t.Fatalf("closed for %v, want %v and up to half of it more", wait, want)
			}
			if _, _, closed := s.gate.Begin(t.Context(), true); closed == nil || closed.RetryAfter < want {
				t.Fatalf("a drift check is turned away with %v", closed)
			}
			pause(wait)
			want = min(2*want, time.Minute)
		}
		s.becomes(answers)
		s.together(1)
		s.becomes(hangs)
		s.together(1)
		if wait, _ := s.pass(t.Context()); wait >= 1500*time.Millisecond {
			t.Errorf("after an answer it is closed for %v", wait)
		}
	})
}

func TestThePassThatTriesDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, hangs)
		early, earlier, _ := s.gate.Begin(t.Context(), false) // under way when the gate is closed
		s.together(1)
		wait, _ := s.pass(t.Context())
		pause(wait)
		_, trial, closed := s.gate.Begin(t.Context(), true)
		if closed != nil {
			t.Fatal("nobody may try", closed)
		}
		for _, low := range []bool{false, true} {
			if _, _, closed := s.gate.Begin(t.Context(), low); closed == nil || closed.RetryAfter < time.Second {
				t.Fatalf("a second one is turned away with %v", closed)
			}
		}
		_, err := s.client.PhoneMethods(early, simUser)
		earlier.End(err)
		if _, _, closed := s.gate.Begin(t.Context(), false); closed == nil || closed.RetryAfter > 1100*time.Millisecond {
			t.Fatalf("after a pass from before was lost, one is turned away with %v", closed)
		}
		trial.End(nil) // it had nothing to ask
		ctx, trial, closed := s.gate.Begin(t.Context(), false)
		if closed != nil {
			t.Fatal("after a trial that asked for nothing, nobody may try", closed)
		}
		s.becomes(answers)
		if _, err = s.client.PhoneMethods(ctx, simUser); err != nil {
			t.Fatal(err)
		}
		trial.End(err)
		for range 100 {
			if _, _, closed := s.gate.Begin(t.Context(), false); closed != nil {
				t.Fatal("after an answer, one is turned away", closed)
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
		if _, unanswered := s.gate.Closed(); unanswered {
			t.Error("the gate is closed")
		}
	})
}

// The tenant's own look-up must be able to say that nobody answers, and since when
// somebody does.
func TestARequestWithoutAPassGoesThroughAGateThatNobodyAnswersBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, hangs)
		s.together(1)
		_, err := s.client.User(t.Context(), simUser)
		if kind := graph.KindOf(err); kind != graph.Unavailable {
			t.Errorf("it ends with %v", err)
		}
		if asked, _ := s.seen(); asked != 2 {
			t.Errorf("%d requests were sent", asked)
		}
	})
}

func TestANewConnectionIsTriedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, hangs)
		r := NewRegistry()
		r.Put(&Tenant{Name: "contoso", Version: Version{Generation: 1}, Gate: s.gate})
		s.together(1)
		r.Put(&Tenant{Name: "contoso", Version: Version{Generation: 1}, Gate: s.gate})
		if _, unanswered := s.gate.Closed(); !unanswered {
			t.Error("the same connection opens the gate")
		}
		r.Put(&Tenant{Name: "contoso", Version: Version{Generation: 2}, Gate: s.gate})
		if _, unanswered := s.gate.Closed(); unanswered {
			t.Error("a new connection finds the gate closed")
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
				ctx, pass, closed := s.gate.Begin(t.Context(), false)
				if closed != nil {
					wait = closed.RetryAfter
					if longest := mostAway*3/2 + longestTurn; wait > longest {
						t.Fatalf("one is to wait %v", wait)
					}
				} else {
					go func() {
						_, err := s.client.PhoneMethods(ctx, simUser)
						pass.End(err)
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

func TestThePassThatTriesDoesSoOnAnotherConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &balanced{server: newServer(t, nil)}
		b.becomes(func(r *http.Request) (*http.Response, error) {
			if b.connection == 0 {
				return hangs(r)
			}
			return answers(r)
		})
		var err error
		b.client, err = graph.New(graph.Options{Credential: &b.noToken, Endpoint: "https://graph.example", Transport: b.gate.Through(b)})
		if err != nil {
			t.Fatal(err)
		}
		b.together(4)
		if b.connection != 0 {
			t.Error("a connection is closed before any was in vain")
		}
		pause(2 * time.Second)
		for range 3 {
			if _, err := b.pass(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if b.connection != 1 {
			t.Errorf("it was connected anew %d times", b.connection)
		}
	})
}
