package tenant

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
)

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
