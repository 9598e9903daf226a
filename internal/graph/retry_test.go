package graph_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
)

func TestAReadIsSentAgainOnlyForAHiccup(t *testing.T) {
	for name, tc := range map[string]struct {
		answers []reply // status 0: the connection is cut; the last one stays
		sent    int
		fails   bool
	}{
		"once more after an error":              {[]reply{{status: 500}, {status: 200, body: listBody}}, 2, false},
		"once more after a cut connection":      {[]reply{{}, {status: 200, body: listBody}}, 2, false},
		"twice at most":                         {[]reply{{status: 502}}, 3, true},
		"after a Retry-After of a second":       {[]reply{{503, map[string]string{"Retry-After": "1"}, ""}, {status: 200, body: listBody}}, 2, false},
		"not after a Retry-After of two":        {[]reply{{503, map[string]string{"Retry-After": "2"}, ""}}, 1, true},
		"not when throttled":                    {[]reply{{status: 429}}, 1, true},
		"not when throttled for a second":       {[]reply{{429, map[string]string{"Retry-After": "1"}, ""}}, 1, true},
		"not when refused":                      {[]reply{{status: 400}}, 1, true},
		"not when the answer cannot be read":    {[]reply{{status: 200, body: "?"}}, 1, true},
		"not when the token is not taken":       {[]reply{{status: 401}}, 1, true},
		"not when the request itself timed out": {[]reply{{status: 408}}, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sent := 0
				c := newClient(t, over(func(r *http.Request) (*http.Response, error) {
					a := tc.answers[min(sent, len(tc.answers)-1)]
					sent++
					if a.status == 0 {
						return nil, errors.New("EOF")
					}
					return a.response(r), nil
				}))
				began := time.Now()
				_, err := c.PhoneMethods(context.Background(), adaID)
				if (err != nil) != tc.fails {
					t.Errorf("error = %v", err)
				}
				if sent != tc.sent {
					t.Errorf("sent %d times, want %d", sent, tc.sent)
				}
				if took := time.Since(began); took > 2*time.Second { // the bubble's clock, not ours
					t.Errorf("the worker slept for %v", took)
				}
			})
		})
	}
}

func TestAReadThatWasSlowIsNotSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		c := newClient(t, over(func(r *http.Request) (*http.Response, error) {
			sent++
			time.Sleep(2 * time.Second) //nolint:forbidigo // the clock is synctest's: the server is slow
			return reply{status: 504}.response(r), nil
		}))
		if _, err := c.PhoneMethods(context.Background(), adaID); err == nil || sent != 1 {
			t.Errorf("sent %d times, error %v", sent, err)
		}
	})
}

// A Graph that takes requests and never answers holds a worker until the attempt is
// given up. A read is given up soon, whatever its first attempts came to; a write waits
// for the verdict, which comes after 60 seconds.
func TestHowLongACallHoldsAWorker(t *testing.T) {
	hang := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	for name, tc := range map[string]struct {
		cut         int // so many attempts are cut at once, each after a while
		read, write time.Duration
	}{
		"never an answer":               {0, 15 * time.Second, 65 * time.Second},
		"a hiccup, then never":          {1, 17 * time.Second, time.Second},
		"a second hiccup, and then not": {2, 17 * time.Second, time.Second},
	} {
		for op, do := range operations(number(t, "+12065550100")) {
			t.Run(op+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var attempts counter // of each path: privileges are asked with several questions at once
					c := newClient(t, over(func(r *http.Request) (*http.Response, error) {
						if attempts.add(r.URL.Path) <= tc.cut {
							time.Sleep(300 * time.Millisecond) //nolint:forbidigo // the clock is synctest's
							return nil, errors.New("EOF")
						}
						return hang(r)
					}), func(o *graph.Options) { o.Timeout = 0 })
					began := time.Now()
					err := do(context.Background(), c)
					if !graph.Silent(err) {
						t.Errorf("error %v", err)
					}
					most := tc.write
					if isRead(op) {
						most = tc.read
					}
					took := time.Since(began)
					if took > most {
						t.Errorf("it held the worker for %v, want at most %v", took, most)
					}
					if took < most && tc.cut == 0 {
						t.Errorf("it gave up after %v, want %v", took, most)
					}
				})
			})
		}
	}
}

func TestAWriteIsSentOnce(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"an error inside Graph": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"busy for a second": func(w http.ResponseWriter, _ *http.Request) {
			reply{503, map[string]string{"Retry-After": "1"}, ""}.write(w)
		},
		"throttled for a second": func(w http.ResponseWriter, _ *http.Request) {
			reply{429, map[string]string{"Retry-After": "1"}, ""}.write(w)
		},
		"the connection is cut":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"the answer is unreadable": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(302) },
	} {
		for protocol, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
			t.Run(name+" over "+protocol, func(t *testing.T) {
				s := serveOver(t, http2, answer)
				c := s.client(t)
				for op, do := range operations(number(t, "+12065550100")) {
					if isRead(op) {
						continue
					}
					before := len(s.requests())
					if err := do(context.Background(), c); err == nil {
						t.Errorf("%s: no error", op)
					}
					if n := len(s.requests()) - before; n != 1 {
						t.Errorf("%s was sent %d times", op, n)
					}
				}
			})
		}
	}
}
