package throttle_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraops/phone-operator/internal/throttle"
)

// reason is why one was rejected.
func reason(err error) throttle.Reason {
	if r, ok := errors.AsType[*throttle.Rejected](err); ok {
		return r.Reason
	}
	return ""
}

func TestWhatOpensTheCircuit(t *testing.T) {
	for name, tc := range map[string]struct {
		happens func(*server)
		open    bool
	}{
		"a reconcile that waited in vain":    {func(s *server) { s.becomes(hangs); s.together(1) }, true},
		"all reconciles that waited in vain": {func(s *server) { s.becomes(hangs); s.together(16) }, true},
		"one reconcile that waited in vain while others were answered": {func(s *server) {
			s.becomes(hangs)
			go s.together(1)
			pause(time.Second)
			s.becomes(answers)
			s.together(1)
			pause(time.Minute)
		}, false},
		"a reconcile that waited in vain after others were answered": {func(s *server) {
			s.together(5)
			s.becomes(hangs)
			s.together(1)
		}, true},
		"a reconcile that waited in vain in its second request": {func(s *server) {
			ctx, ticket, _ := s.admit(context.Background(), throttle.High)
			_, _ = s.client.User(ctx, adaID)
			pause(10 * time.Minute)
			s.becomes(hangs)
			_, err := s.client.PhoneMethods(ctx, adaID)
			ticket.Done(err)
		}, true},
		"the same, while others were answered before it": {func(s *server) {
			ctx, ticket, _ := s.admit(context.Background(), throttle.High)
			s.together(2)
			s.becomes(hangs)
			_, err := s.client.PhoneMethods(ctx, adaID)
			ticket.Done(err)
		}, true},
		"a reconcile that took its time and is cut": {func(s *server) {
			ctx, ticket, _ := s.admit(context.Background(), throttle.High)
			_, _ = s.client.User(ctx, adaID)
			pause(10 * time.Minute)
			s.becomes(cuts)
			_, err := s.client.PhoneMethods(ctx, adaID)
			ticket.Done(err)
		}, false},
		"three reconciles that get no token": {func(s *server) {
			other := newServer(s.t, cuts) // any call that nobody answers
			_, silent := other.client.User(context.Background(), adaID)
			for range 3 {
				_, ticket, _ := s.admit(context.Background(), throttle.High)
				ticket.Done(silent)
			}
		}, true},
		"a connection that is cut, with sixteen writes on it": {func(s *server) {
			s.becomes(cuts)
			var tickets [16]*throttle.Ticket
			var contexts [16]context.Context
			for i := range tickets {
				contexts[i], tickets[i], _ = s.admit(context.Background(), throttle.High)
			}
			var errs [16]error
			for i := range tickets {
				errs[i] = s.client.EnableSMSSignIn(contexts[i], adaID)
			}
			for i := range tickets {
				tickets[i].Done(errs[i])
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
				ctx, ticket, closed := s.admit(context.Background(), throttle.High)
				if closed != nil {
					return
				}
				_ = s.client.EnableSMSSignIn(ctx, adaID)
				_, err := s.client.PhoneMethods(ctx, adaID)
				ticket.Done(err)
			}
		}, false},
		"a shutdown": {func(s *server) {
			s.becomes(hangs)
			for range 3 {
				ctx, cancel := context.WithTimeout(context.Background(), 0)
				cancel()
				_, _ = s.reconcile(ctx)
				ctx, cancel = context.WithCancel(context.Background())
				go func() { _, _ = s.reconcile(ctx) }()
				pause(10 * time.Second)
				cancel()
				synctest.Wait()
			}
		}, false},
		"a reconcile that waited in vain, and a shutdown while another tries": {func(s *server) {
			s.becomes(hangs)
			s.together(1)
			pause(2 * time.Second)
			ctx, cancel := context.WithCancel(context.Background())
			go func() { _, _ = s.reconcile(ctx) }()
			pause(time.Second)
			cancel()
			synctest.Wait()
			_, _, _ = s.admit(context.Background(), throttle.High) // the next one tries, and no other
		}, true},
		"reconciles that asked for nothing": {func(s *server) {
			s.becomes(cuts)
			for range 2 {
				s.together(1)
				_, ticket, _ := s.admit(context.Background(), throttle.High)
				ticket.Done(nil) // proves nothing
			}
			s.together(1)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, answers)
				tc.happens(s)
				if paused, open := s.throttle.State(); open != tc.open || paused {
					t.Errorf("open %v (paused %v)", open, paused)
				}
				_, _, closed := s.admit(t.Context(), throttle.High)
				switch {
				case (closed != nil) != tc.open:
					t.Errorf("the next one is rejected with %v", closed)
				case closed != nil && reason(closed) != throttle.CircuitOpen:
					t.Errorf("it hears %v", closed)
				}
			})
		})
	}
}
