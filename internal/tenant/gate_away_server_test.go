package tenant

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
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
