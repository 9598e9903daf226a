package graph_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
)

// said is Graph's error envelope as the authentication methods service writes it.
func said(code, message string) string {
	return fmt.Sprintf(`{"error":{"code":%q,"message":%q,"innerError":{"message":%q,"date":"2030-01-02T03:04:05","request-id":%q,"client-request-id":"x"}}}`,
		code, message, message, requestID)
}

const deleteDefault = "The requested authentication method id of [3179e48a-750b-4051-897c-87b9720928f7] matches the user's current default authentication method, and cannot be deleted until the default authentication method is changed"

func TestWhatAnAnswerMeans(t *testing.T) {
	for name, tc := range map[string]struct {
		reply
		read, write graph.Kind // "" is success
		code        string
		after       time.Duration
	}{
		"the default method is not deleted": {
			reply{status: 400, body: said("badRequest", deleteDefault)}, graph.Refused, graph.Refused, "badRequest", 0,
		},
		"404 of a web server": {
			reply{status: 404, body: "<html>Not found</html>"}, graph.Unavailable, graph.Unclear, "", 0,
		},
		"404 of a gateway": {
			reply{status: 404, body: `{"statusCode":404,"message":"Resource not found"}`}, graph.Unavailable, graph.Unclear, "", 0,
		},
		"the code of a number that is a sign-in name, with another status": {
			reply{status: 400, body: said("phoneNumberNotUnique", "")}, graph.Refused, graph.Refused, "phoneNumberNotUnique", 0,
		},
		"throttled, with seconds": {
			reply{429, map[string]string{"Retry-After": "10"}, said("TooManyRequests", "Please retry again later.")},
			graph.Throttled, graph.Throttled, "TooManyRequests", 10 * time.Second,
		},
		"throttled, with a date": {
			reply{429, map[string]string{"Retry-After": "Wed, 02 Jan 2030 03:04:35 GMT", "Date": "Wed, 02 Jan 2030 03:04:05 GMT"}, ""},
			graph.Throttled, graph.Throttled, "", 30 * time.Second,
		},
		"throttled until a date that is past": {
			reply{429, map[string]string{"Retry-After": "Wed, 02 Jan 2030 03:04:00 GMT", "Date": "Wed, 02 Jan 2030 03:04:05 GMT"}, ""},
			graph.Throttled, graph.Throttled, "", 0,
		},
		"throttled for a hundred years": {
			reply{429, map[string]string{"Retry-After": "3153600000"}, ""}, graph.Throttled, graph.Throttled, "", 24 * time.Hour,
		},
		"throttled, with nonsense": {
			reply{429, map[string]string{"Retry-After": "soon"}, `{"error":{"code":"UnknownError","message":""}}`},
			graph.Throttled, graph.Throttled, "UnknownError", 0,
		},
		"throttled, and nothing more": {reply{status: 429}, graph.Throttled, graph.Throttled, "", 0},
		"busy, with a time": {
			reply{503, map[string]string{"Retry-After": "5"}, said("serviceNotAvailable", "")},
			graph.Throttled, graph.Unclear, "serviceNotAvailable", 5 * time.Second,
		},
		"busy until a date that is past": {
			reply{503, map[string]string{"Retry-After": "Wed, 02 Jan 2030 03:04:00 GMT", "Date": "Wed, 02 Jan 2030 03:04:05 GMT"}, ""},
			graph.Unavailable, graph.Unclear, "", 0,
		},
		"busy, without a time":    {reply{status: 503, body: said("serviceNotAvailable", "")}, graph.Unavailable, graph.Unclear, "serviceNotAvailable", 0},
		"a gateway without Graph": {reply{status: 502, body: "<html>bad gateway</html>"}, graph.Unavailable, graph.Unclear, "", 0},
		"a gateway without Graph, with a time": {
			reply{502, map[string]string{"Retry-After": "5"}, ""}, graph.Unavailable, graph.Unclear, "", 5 * time.Second,
		},
		"a gateway that timed out": {reply{status: 504}, graph.Unavailable, graph.Unclear, "", 0},
		"a request that timed out": {reply{status: 408}, graph.Unavailable, graph.Unclear, "", 0},
		"a proxy's sign-in":        {reply{status: 407}, graph.Unavailable, graph.Unavailable, "", 0},
		"a redirect":               {reply{302, map[string]string{"Location": "https://elsewhere.example/"}, ""}, graph.Unavailable, graph.Unavailable, "", 0},
		"several choices":          {reply{status: 300, body: `{"value":[]}`}, graph.Unavailable, graph.Unavailable, "", 0},
		"a success that is no JSON": {
			reply{status: 200, body: "<html>sign in to the guest network</html>"}, graph.Unavailable, graph.Unclear, "", 0,
		},
		"a success without what it should bring": {reply{status: 200, body: `{}`}, graph.Unavailable, graph.Unclear, "", 0},
		"a success of another shape":             {reply{status: 200, body: `{"value":{}}`}, graph.Unavailable, graph.Unclear, "", 0},
		"a success with rows of another shape":   {reply{status: 200, body: `{"value":[17]}`}, graph.Unavailable, graph.Unclear, "", 0},
		"a success with nothing in it":           {reply{status: 200}, graph.Unavailable, graph.Unclear, "", 0},
		"two methods of one type": {
			reply{status: 200, body: `{"value":[{"phoneType":"mobile"},{"phoneType":"mobile"}]}`}, graph.Unavailable, graph.Unclear, "", 0,
		},
		"an envelope with other capitals": {
			reply{status: 400, body: `{"Error":{"CODE":"badRequest","innererror":{"Request-Id":"` + requestID + `"}}}`},
			graph.Refused, graph.Refused, "badRequest", 0,
		},
		"an envelope with odd fields": {
			reply{status: 400, body: `{"error":{"code":17,"innerError":{"request-id":{}}}}`}, graph.Refused, graph.Refused, "", 0,
		},
		"a code that is a number in disguise": {
			reply{status: 400, body: said("+1 2065550100", "")}, graph.Refused, graph.Refused, "", 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // reads are retried: time is not real here
				c := newClient(t, over(func(r *http.Request) (*http.Response, error) { return tc.response(r), nil }))
				_, err := c.PhoneMethods(context.Background(), adaID)
				check(t, err, tc.read, tc.code, tc.after, tc.status)
				_, err = c.CreatePhoneMethod(context.Background(), adaID, phone.Mobile, number(t, "+12065550100"))
				check(t, err, tc.write, tc.code, tc.after, tc.status)
			})
		})
	}
}

func check(t *testing.T, err error, kind graph.Kind, code string, after time.Duration, status int) {
	t.Helper()
	e := failure(t, err)
	if graph.Silent(err) {
		t.Errorf("an answer is taken for none: %v", err)
	}
	if e.Kind != kind || e.Code != code || e.RetryAfter != after {
		t.Errorf("got %v; want %s, code %q, retry after %v", e, kind, code, after)
	}
	if e.Status != status && e.Status != 0 {
		t.Errorf("status = %d", e.Status)
	}
	if got := graph.KindOf(fmt.Errorf("converge: %w", err)); got != kind {
		t.Errorf("KindOf() = %q", got)
	}
}

func TestTheIDsOfARequestAreKept(t *testing.T) {
	for name, r := range map[string]reply{
		"of the header": {400, map[string]string{"request-id": requestID}, said("badRequest", "no")},
		"of the body":   {400, nil, said("badRequest", "no")},
	} {
		t.Run(name, func(t *testing.T) {
			var sent string
			c := newClient(t, over(func(req *http.Request) (*http.Response, error) {
				sent = req.Header.Get("client-request-id")
				return r.response(req), nil
			}))
			e := failure(t, c.DeletePhoneMethod(context.Background(), adaID, phone.Mobile))
			if e.RequestID != requestID || e.ClientRequestID != sent || sent == "" {
				t.Errorf("ids %q and %q", e.RequestID, e.ClientRequestID)
			}
			want := "delete phone method: refused (HTTP 400, badRequest, request-id " + requestID + ", client-request-id " + sent + ")"
			if e.Error() != want {
				t.Errorf("error = %s", e)
			}
		})
	}
}

func TestAnErrorSaysWhatFailed(t *testing.T) {
	const op = "list phone methods"
	for want, e := range map[string]*graph.Error{
		op + ": refused":                                       {Op: op, Kind: graph.Refused},
		op + ": unavailable (HTTP 502)":                        {Op: op, Kind: graph.Unavailable, Status: 502},
		op + ": throttled (HTTP 429, retry after 10s)":         {Op: op, Kind: graph.Throttled, Status: 429, RetryAfter: 10 * time.Second},
		op + ": unavailable: no connection (retry after 1m0s)": {Op: op, Kind: graph.Unavailable, Cause: "no connection", RetryAfter: time.Minute},
	} {
		if got := e.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAForbiddenCallSaysWhatItNeeds(t *testing.T) {
	c := newClient(t, over(func(r *http.Request) (*http.Response, error) {
		return reply{status: 403, body: said("accessDenied", "")}.response(r), nil
	}), credentials(&carrying{roles: [][]string{nil}}))
	needs := map[string]string{
		"look up user": "User.ReadBasic.All", "list phone methods": "UserAuthMethod-Phone.Read.All", "list privileges": "GroupMember.Read.All",
		"list audit records": "AuditLog.Read.All", "list registrations": "AuditLog.Read.All",
	}
	for op, do := range operations(number(t, "+12065550100")) {
		want := needs[op]
		if want == "" {
			want = "UserAuthMethod-Phone.ReadWrite.All"
		}
		if e := failure(t, do(context.Background(), c)); e.Permission != want || !strings.Contains(e.Error(), want) {
			t.Errorf("%s needs %q", op, e.Permission)
		}
	}
}

// Where no answer comes, real connections show what the errors are.
func TestNoAnswer(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, closed.Close())

	for name, tc := range map[string]struct {
		answer      http.HandlerFunc
		options     []option
		read, write graph.Kind
		cause       string
		heard       bool // something did answer
	}{
		"nobody listens": {
			options: []option{func(o *graph.Options) { o.Endpoint, o.Transport = "https://"+closed.Addr().String(), nil }},
			read:    graph.Unavailable, write: graph.Unavailable, cause: "no connection",
		},
		"the name does not resolve": {
			options: []option{func(o *graph.Options) { o.Endpoint, o.Transport = "https://graph.invalid", nil }},
			read:    graph.Unavailable, write: graph.Unavailable, cause: "no connection",
		},
		"nobody we trust listens": {
			options: []option{func(o *graph.Options) { o.Transport = nil }},
			read:    graph.Unavailable, write: graph.Unavailable, cause: "the server's certificate is not trusted",
		},
		"the connection is cut": {
			answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			read:   graph.Unavailable, write: graph.Unclear, cause: "the connection broke off",
		},
		"the connection is cut in the middle of the answer": {
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "1000")
				w.WriteHeader(201)
				_, _ = w.Write([]byte(`{"value":[`))
				_ = http.NewResponseController(w).Flush() // or nothing of it is sent
				panic(http.ErrAbortHandler)
			},
			read: graph.Unavailable, write: graph.Unclear, cause: "the connection broke off",
		},
		"the connection is reset": {
			options: []option{over(func(*http.Request) (*http.Response, error) {
				return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
			})},
			read: graph.Unavailable, write: graph.Unclear, cause: "the connection broke off",
		},
		"the answer is nothing that can be read": {
			answer: func(w http.ResponseWriter, _ *http.Request) { reply{status: 200, body: "<html>"}.write(w) },
			read:   graph.Unavailable, write: graph.Unclear, cause: "the answer cannot be read", heard: true,
		},
		"the answer does not come in time": {
			answer:  func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			options: []option{func(o *graph.Options) { o.Timeout = 50 * time.Millisecond }},
			read:    graph.Unavailable, write: graph.Unclear, cause: "no answer in time",
		},
		"the answer does not end": {
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(201)
				for spaces := []byte(strings.Repeat(" ", 1<<16)); ; {
					if _, err := w.Write(spaces); err != nil {
						return
					}
				}
			},
			read: graph.Unavailable, write: graph.Unclear, cause: "the answer is too large", heard: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tc.answer)
			c := s.client(t, tc.options...)
			_, err := c.PhoneMethods(context.Background(), adaID)
			if e := failure(t, err); e.Kind != tc.read || e.Cause != tc.cause {
				t.Errorf("read: %v", e)
			}
			if graph.Silent(err) == tc.heard {
				t.Errorf("silent %v: %v", graph.Silent(err), err)
			}
			_, err = c.CreatePhoneMethod(context.Background(), adaID, phone.Mobile, number(t, "+12065550100"))
			if e := failure(t, err); e.Kind != tc.write || e.Cause != tc.cause {
				t.Errorf("write: %v", e)
			}
			if graph.Silent(err) == tc.heard {
				t.Errorf("silent %v: %v", graph.Silent(err), err)
			}
		})
	}
}

func TestACancelledCallSaysSo(t *testing.T) {
	arrived := make(chan struct{}, 2)
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	c := s.client(t)
	for op, kind := range map[string]graph.Kind{"list phone methods": graph.Unavailable, "update phone method": graph.Unclear} {
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			<-arrived
			cancel()
		}()
		err := operations(number(t, "+12065550100"))[op](ctx, c)
		if e := failure(t, err); e.Kind != kind || e.Cause != "cancelled" || !errors.Is(err, context.Canceled) || graph.Silent(err) {
			t.Errorf("%s: %v, silent %v", op, err, graph.Silent(err))
		}
		err = operations(number(t, "+12065550100"))[op](ctx, c) // cancelled before
		if e := failure(t, err); e.Kind != graph.Unavailable || e.Cause != "cancelled" || !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled before: %v", op, err)
		}
	}
}

func TestARedirectTakesNoTokenElsewhere(t *testing.T) {
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) {})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	following := s.Client()
	following.CheckRedirect = nil
	following.Transport.(*http.Transport).TLSClientConfig = &tls.Config{InsecureSkipVerify: true} // trusts elsewhere too
	c := s.client(t, func(o *graph.Options) { o.Transport = following })
	for op, do := range operations(number(t, "+12065550100")) {
		if e := failure(t, do(context.Background(), c)); e.Kind != graph.Unavailable || e.Status != 307 {
			t.Errorf("%s: %v", op, e)
		}
	}
	if got := elsewhere.requests(); len(got) != 0 {
		t.Errorf("the other server got %d requests", len(got))
	}
	if following.CheckRedirect != nil {
		t.Error("the caller's client was changed")
	}
}

// A revoked token comes back with a claims challenge; azcore answers it with a new
// token, once.
func TestAClaimsChallengeIsAnswered(t *testing.T) {
	const challenge = `Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="`
	times := 0
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if times++; times == 1 {
			reply{401, map[string]string{"WWW-Authenticate": challenge}, said("InvalidAuthenticationToken", "")}.write(w)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	must(t, s.client(t).UpdatePhoneMethod(context.Background(), adaID, phone.Mobile, number(t, "+12065550100")))
	got := s.requests()
	if len(got) != 2 || got[0].Body != got[1].Body || got[1].Body == "" {
		t.Errorf("requests: %+v", got)
	}

	s = serve(t, func(w http.ResponseWriter, _ *http.Request) {
		reply{401, map[string]string{"WWW-Authenticate": `Bearer error="insufficient_claims", claims="+1 2065550100"`}, ""}.write(w)
	})
	e := failure(t, s.client(t).UpdatePhoneMethod(context.Background(), adaID, phone.Mobile, number(t, "+12065550100")))
	if e.Kind != graph.TokenRefused || len(s.requests()) != 1 {
		t.Errorf("a challenge that cannot be read: %v after %d requests", e, len(s.requests()))
	}
}
