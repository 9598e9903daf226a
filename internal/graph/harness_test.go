package graph_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
)

const (
	adaID     = "0f1c0000-0000-4000-8000-000000000001"
	requestID = "3c1e2f9a-6f6e-4c43-9f6d-111111111111"
)

// staticToken is a credential that always has a token.
type staticToken struct{}

func (staticToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "a test token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// seen is a request as a server got it.
type seen struct {
	Method, URI, Body string
	Header            http.Header
}

// server answers every request as answer says, over TLS, and keeps what it got.
type server struct {
	*httptest.Server
	mu   sync.Mutex
	seen []seen
}

func serve(t testing.TB, answer http.HandlerFunc) *server {
	t.Helper()
	return serveOver(t, true, answer)
}

func serveOver(t testing.TB, http2 bool, answer http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		s.seen = append(s.seen, seen{r.Method, r.RequestURI, string(body), r.Header})
		s.mu.Unlock()
		answer(w, r)
	}))
	s.EnableHTTP2 = http2
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that fail on purpose
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *server) requests() []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]seen(nil), s.seen...)
}

type option func(*graph.Options)

// client makes a client for the server.
func (s *server) client(t testing.TB, options ...option) *graph.Client {
	t.Helper()
	return newClient(t, append([]option{func(o *graph.Options) {
		o.Endpoint, o.Transport = s.URL, s.Client()
	}}, options...)...)
}

func newClient(t testing.TB, options ...option) *graph.Client {
	t.Helper()
	o := graph.Options{Credential: staticToken{}, Endpoint: "https://graph.example", Timeout: time.Minute}
	for _, set := range options {
		set(&o)
	}
	c, err := graph.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// transport answers without a network, for tests of what an answer means.
type transport func(*http.Request) (*http.Response, error)

func (f transport) Do(r *http.Request) (*http.Response, error) { return f(r) }

func over(f transport) option { return func(o *graph.Options) { o.Transport = f } }

// counter counts by name, for a transport that is called side by side.
type counter struct {
	mu sync.Mutex
	of map[string]int
}

// add counts one more and returns how many there are now.
func (c *counter) add(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[string]int{}
	}
	c.of[name]++
	return c.of[name]
}

// reply is an answer of Graph.
type reply struct {
	status int
	header map[string]string
	body   string
}

func (r reply) response(req *http.Request) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for k, v := range r.header {
		h.Set(k, v)
	}
	return &http.Response{
		StatusCode: r.status, Status: http.StatusText(r.status), Header: h, Request: req,
		Body: io.NopCloser(strings.NewReader(r.body)),
	}
}

func (r reply) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	for k, v := range r.header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(r.status)
	_, _ = io.WriteString(w, r.body)
}

func number(t testing.TB, s string) phone.Number {
	t.Helper()
	n, err := phone.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// failure is the *graph.Error that err is.
func failure(t testing.TB, err error) *graph.Error {
	t.Helper()
	var e *graph.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, want a *graph.Error", err)
	}
	if e.Op == "" || e.Status == 0 && e.Cause == "" {
		t.Errorf("the error does not say what was tried, or what came of it: %v", e)
	}
	return e
}

// operations are all calls of the client, for what holds of every one.
func operations(n phone.Number) map[string]func(context.Context, *graph.Client) error {
	return map[string]func(context.Context, *graph.Client) error{
		"look up user": func(ctx context.Context, c *graph.Client) error {
			_, err := c.User(ctx, "ada@contoso.example")
			return err
		},
		"list phone methods": func(ctx context.Context, c *graph.Client) error {
			_, err := c.PhoneMethods(ctx, adaID)
			return err
		},
		"list audit records": func(ctx context.Context, c *graph.Client) error {
			_, err := c.AuditRecords(ctx, time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), "")
			return err
		},
		"list registrations": func(ctx context.Context, c *graph.Client) error {
			_, err := c.Registrations(ctx, "")
			return err
		},
		"list privileges": func(ctx context.Context, c *graph.Client) error {
			_, err := c.Protection(ctx, adaID)
			return err
		},
		"create phone method": func(ctx context.Context, c *graph.Client) error {
			_, err := c.CreatePhoneMethod(ctx, adaID, phone.Mobile, n)
			return err
		},
		"update phone method": func(ctx context.Context, c *graph.Client) error {
			return c.UpdatePhoneMethod(ctx, adaID, phone.Mobile, n)
		},
		"delete phone method": func(ctx context.Context, c *graph.Client) error {
			return c.DeletePhoneMethod(ctx, adaID, phone.Mobile)
		},
		"enable SMS sign-in":  func(ctx context.Context, c *graph.Client) error { return c.EnableSMSSignIn(ctx, adaID) },
		"disable SMS sign-in": func(ctx context.Context, c *graph.Client) error { return c.DisableSMSSignIn(ctx, adaID) },
	}
}

func isRead(op string) bool { return strings.HasPrefix(op, "l") }
