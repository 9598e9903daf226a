package graph_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
)

// proxied is a transport that reaches s through a proxy, which answers each CONNECT as
// answer says: a status, 200 to connect, 0 to cut.
func (s *server) proxied(t *testing.T, answer func() int) (client *http.Client, proxy string) {
	t.Helper()
	p := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch status := answer(); status {
		case http.StatusOK:
			join(t, w, r.Host)
		case 0:
			panic(http.ErrAbortHandler)
		default:
			w.Header().Set("Proxy-Authenticate", "Basic")
			w.WriteHeader(status)
		}
	}))
	p.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.Start()
	t.Cleanup(p.Close)
	address, err := url.Parse("http://operator:password@" + p.Listener.Addr().String())
	must(t, err)
	transport := s.Client().Transport.(*http.Transport).Clone()
	transport.Proxy, transport.OnProxyConnectResponse = http.ProxyURL(address), graph.HeedProxy
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}, address.Host
}

// join makes the connection that a CONNECT asks for.
func join(t *testing.T, w http.ResponseWriter, host string) {
	to, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	from, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	if _, err := io.WriteString(from, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		t.Error(err)
	}
	go func() { _, _ = io.Copy(to, buffered); _ = to.Close() }()
	go func() { _, _ = io.Copy(from, to); _ = from.Close() }()
}

func always(status int) func() int { return func() int { return status } }

// A request that no connection was made for did not leave: a write is known not to be
// done, whatever it was that kept the connection from being made.
func TestAWriteThatGotNoConnectionIsNotDone(t *testing.T) {
	for name, tc := range map[string]struct {
		answer func() int
		status int // of the proxy that is named; 0: none is
		cause  string
	}{
		"the proxy asks for a sign-in": {always(407), 407, "does not connect"},
		"the proxy forbids it":         {always(403), 403, "does not connect"},
		"the proxy knows no such host": {always(502), 502, "does not connect"},
		"the proxy is busy":            {always(503), 503, "does not connect"},
		"the proxy cuts it":            {always(0), 0, "broke off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request came through") })
			over, address := s.proxied(t, tc.answer)
			c := s.client(t, func(o *graph.Options) { o.Transport = over })
			for op, do := range operations(number(t, "+12065550100")) {
				e := failure(t, do(context.Background(), c))
				if e.Kind != graph.Unavailable || !graph.Silent(e) || !strings.Contains(e.Cause, tc.cause) || e.Status != 0 {
					t.Errorf("%s: %v", op, e)
				}
				var want *graph.ProxyError
				if tc.status != 0 {
					want = &graph.ProxyError{Proxy: address, Target: s.Listener.Addr().String(), Status: tc.status}
				}
				if diff := cmp.Diff(want, e.Proxy); diff != "" {
					t.Errorf("%s: %s", op, diff)
				}
				if strings.Contains(e.Error(), "password") {
					t.Errorf("the proxy's password shows: %v", e)
				}
			}
		})
	}
}

// The reads of a pass went through, and the write meets the proxy on a new connection.
func TestAProxyThatRefusesTheWriteOnly(t *testing.T) {
	var connects atomic.Int32
	s := serveOver(t, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		reply{status: 200, body: `{"value":[]}`}.write(w)
	})
	over, _ := s.proxied(t, func() int {
		if connects.Add(1) > 1 {
			return http.StatusProxyAuthRequired
		}
		return http.StatusOK
	})
	c := s.client(t, func(o *graph.Options) { o.Transport = over })
	_, err := c.PhoneMethods(context.Background(), adaID)
	must(t, err)
	e := failure(t, c.DeletePhoneMethod(context.Background(), adaID, phone.Mobile))
	if e.Kind != graph.Unavailable || e.Proxy == nil || e.Proxy.Status != 407 || len(s.requests()) != 1 {
		t.Errorf("%v after %d requests", e, len(s.requests()))
	}
}

// A write that is cut on a connection that it got may be done.
func TestAProxyThatCutsWhatItConnected(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	over, _ := s.proxied(t, always(200))
	c := s.client(t, func(o *graph.Options) { o.Transport = over })
	if e := failure(t, c.DeletePhoneMethod(context.Background(), adaID, phone.Mobile)); e.Kind != graph.Unclear || e.Proxy != nil {
		t.Error(e)
	}
}

// Where no connection comes about for another reason than that nobody listens.
func TestAHandshakeThatIsCutLeavesNothingUnclear(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	c := newClient(t, func(o *graph.Options) { o.Endpoint = "https://" + l.Addr().String() })
	if e := failure(t, c.DeletePhoneMethod(context.Background(), adaID, phone.Mobile)); e.Kind != graph.Unavailable {
		t.Error(e)
	}
}

func TestAProxyOnTheWayToTheTokenEndpoint(t *testing.T) {
	for _, status := range []int{407, 403} {
		s := authority(t, func(http.ResponseWriter, *http.Request) { t.Error("a request came through") })
		over, address := s.proxied(t, always(status))
		c := s.client(t, credentials(secretOver(t, over, s.URL)))
		e := failure(t, c.DeletePhoneMethod(context.Background(), adaID, phone.Mobile))
		want := &graph.ProxyError{Proxy: address, Target: s.Listener.Addr().String(), Status: status}
		if diff := cmp.Diff(want, e.Proxy); diff != "" || e.Kind != graph.Unavailable || !strings.HasPrefix(e.Cause, "no token: the proxy "+address) {
			t.Errorf("%v %s", e, diff)
		}
	}
}
