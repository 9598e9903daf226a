package tenant

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraops/phone-operator/internal/graph"
)

// mood is how a server answers.
type mood func(r *http.Request) (*http.Response, error)

func answers(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(`{"value":[]}`)),
	}, nil
}

func gateway504(r *http.Request) (*http.Response, error) {
	resp, _ := answers(r)
	resp.StatusCode = http.StatusGatewayTimeout
	return resp, nil
}

// hangs takes requests and never answers.
func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func cuts(*http.Request) (*http.Response, error) { return nil, errors.New("EOF") }

// server is a Graph behind a gate, with a mood. It runs in a bubble of
// testing/synctest.
type server struct {
	gate   *Gate
	client *graph.Client
	noToken

	t     *testing.T
	mu    sync.Mutex
	mood  mood
	asked int // requests that it got
	held  int // requests that wait for an answer
	most  int // so many at once
}

// noToken is a credential; while it is set, there is no token.
type noToken struct{ err error }

func (n *noToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "a test token", ExpiresOn: time.Now().Add(time.Hour)}, n.err
}

func newServer(t *testing.T, m mood) *server {
	t.Helper()
	s := &server{t: t, gate: NewGate(time.Now), mood: m}
	var err error
	s.client, err = graph.New(graph.Options{Credential: &s.noToken, Endpoint: "https://graph.example", Transport: s.gate.Through(s)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *server) Do(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.asked++
	s.held++
	s.most = max(s.most, s.held)
	m := s.mood
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.held--
	}()
	return m(r)
}

func (s *server) becomes(m mood) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mood, s.asked, s.most = m, 0, s.held
}

func (s *server) seen() (asked, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked, s.most
}

// pass reads one user's phones, or returns how long to stay away.
func (s *server) pass(ctx context.Context) (wait time.Duration, err error) {
	ctx, pass, closed := s.gate.Begin(ctx, false)
	if closed != nil {
		return closed.RetryAfter, closed
	}
	defer func() { pass.End(err) }()
	_, err = s.client.PhoneMethods(ctx, simUser)
	return 0, err
}

// together has passes end at once, as those on one connection do.
func (s *server) together(n int) {
	var all sync.WaitGroup
	for range n {
		all.Go(func() { _, _ = s.pass(context.Background()) })
	}
	all.Wait()
}

func pause(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // the clock is synctest's

func TestWhatClosesTheGate(t *testing.T) {
	for name, tc := range map[string]struct {
		happens func(*server)
		closed  bool
	}{
		"a pass that waited in vain":     {func(s *server) { s.becomes(hangs); s.together(1) }, true},
		"all passes that waited in vain": {func(s *server) { s.becomes(hangs); s.together(16) }, true},
		"one pass that waited in vain while others were answered": {func(s *server) {
			s.becomes(hangs)
			go s.together(1)
			pause(time.Second)
			s.becomes(answers)
			s.together(1)
			pause(time.Minute)
		}, false},
		"a pass that waited in vain after others were answered": {func(s *server) {
			s.together(5)
			s.becomes(hangs)
			s.together(1)
		}, true},
		"a pass that waited in vain in its second request": {func(s *server) {
			ctx, pass, _ := s.gate.Begin(context.Background(), false)
			_, _ = s.client.User(ctx, simUser)
			pause(10 * time.Minute)
			s.becomes(hangs)
			_, err := s.client.PhoneMethods(ctx, simUser)
			pass.End(err)
		}, true},
		"the same, while others were answered before it": {func(s *server) {
			ctx, pass, _ := s.gate.Begin(context.Background(), false)
			s.together(2)
			s.becomes(hangs)
			_, err := s.client.PhoneMethods(ctx, simUser)
			pass.End(err)
		}, true},
		"a pass that took its time and is cut": {func(s *server) {
			ctx, pass, _ := s.gate.Begin(context.Background(), false)
			_, _ = s.client.User(ctx, simUser)
			pause(10 * time.Minute)
			s.becomes(cuts)
			_, err := s.client.PhoneMethods(ctx, simUser)
			pass.End(err)
		}, false},
		"three passes that get no token": {func(s *server) {
			other := newServer(s.t, cuts) // any call that nobody answers
			_, silent := other.client.User(context.Background(), simUser)
			for range 3 {
				_, pass, _ := s.gate.Begin(context.Background(), false)
				pass.End(silent)
			}
		}, true},
		"a connection that is cut, with sixteen writes on it": {func(s *server) {
			s.becomes(cuts)
			var passes [16]*Pass
			var contexts [16]context.Context
			for i := range passes {
				contexts[i], passes[i], _ = s.gate.Begin(context.Background(), false)
			}
			var errs [16]error
			for i := range passes {
				errs[i] = s.client.EnableSMSSignIn(contexts[i], simUser)
			}
			for i := range passes {
				passes[i].End(errs[i])
			}
		}, false},
		"two connections in a row": {func(s *server) { s.becomes(cuts); s.together(1); s.together(1) }, false},
		"three in a row":           {func(s *server) { s.becomes(cuts); s.together(1); s.together(1); s.together(1) }, true},
		"two and two, and an answer between": {func(s *server) {
			for range 2 {
				s.becomes(cuts)
				s.together(1)
				s.together(1)
				s.becomes(answers)
				s.together(1)
			}
		}, false},
		"many cut ones among as many answers": {func(s *server) {
			for range 50 {
				s.becomes(cuts)
				s.together(2)
				s.becomes(answers)
				s.together(2)
			}
		}, false},
		"errors that are answers": {func(s *server) {
			s.becomes(gateway504)
			for range 10 {
				s.together(2)
			}
		}, false},
		"a read that is answered at the second attempt": {func(s *server) {
			first := true
			s.becomes(func(r *http.Request) (*http.Response, error) {
				if first = !first; !first {
					return cuts(r)
				}
				return answers(r)
			})
			for range 10 {
				s.together(1)
			}
		}, false},
		"writes that are lost, and found by reading": {func(s *server) {
			s.becomes(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodGet {
					return answers(r)
				}
				return hangs(r)
			})
			for range 5 {
				ctx, pass, closed := s.gate.Begin(context.Background(), false)
				if closed != nil {
					return
				}
				_ = s.client.EnableSMSSignIn(ctx, simUser)
				_, err := s.client.PhoneMethods(ctx, simUser)
				pass.End(err)
			}
		}, false},
		"a shutdown": {func(s *server) {
			s.becomes(hangs)
			for range 3 {
				ctx, cancel := context.WithTimeout(context.Background(), 0)
				cancel()
				_, _ = s.pass(ctx)
				ctx, cancel = context.WithCancel(context.Background())
				go func() { _, _ = s.pass(ctx) }()
				pause(10 * time.Second)
				cancel()
				synctest.Wait()
			}
		}, false},
		"a pass that waited in vain, and a shutdown while another tries": {func(s *server) {
			s.becomes(hangs)
			s.together(1)
			pause(2 * time.Second)
			ctx, cancel := context.WithCancel(context.Background())
			go func() { _, _ = s.pass(ctx) }()
			pause(time.Second)
			cancel()
			synctest.Wait()
			_, _, _ = s.gate.Begin(context.Background(), false) // the next one tries, and no other
		}, true},
		"passes that asked for nothing": {func(s *server) {
			s.becomes(cuts)
			for range 2 {
				s.together(1)
				_, pass, _ := s.gate.Begin(context.Background(), false)
				pass.End(nil) // proves nothing
			}
			s.together(1)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, answers)
				tc.happens(s)
				if throttled, unanswered := s.gate.Closed(); unanswered != tc.closed || throttled {
					t.Errorf("closed %v (throttled %v)", unanswered, throttled)
				}
				_, _, closed := s.gate.Begin(t.Context(), false)
				switch {
				case (closed != nil) != tc.closed:
					t.Errorf("the next one is turned away with %v", closed)
				case closed != nil && closed.Kind != graph.Unavailable:
					t.Errorf("it hears %v", closed)
				}
			})
		})
	}
}

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
		r.Put(&Tenant{Name: "contoso", Version: "1", Gate: s.gate})
		s.together(1)
		r.Put(&Tenant{Name: "contoso", Version: "1", Gate: s.gate})
		if _, unanswered := s.gate.Closed(); !unanswered {
			t.Error("the same connection opens the gate")
		}
		r.Put(&Tenant{Name: "contoso", Version: "2", Gate: s.gate})
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
