package throttle_test

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
	"github.com/entraops/phone-operator/internal/throttle"
)

const adaID = "0f1c0000-0000-4000-8000-000000000001"

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

// server is a Graph behind a throttle, with a mood. It runs in a bubble of
// testing/synctest.
type server struct {
	throttle *throttle.Throttle
	client   *graph.Client
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
	s := &server{t: t, throttle: throttle.New(time.Now, nil, "contoso"), mood: m}
	s.throttle.SetCeilings(1000, 1000) // nothing waits for a token here
	var err error
	s.client, err = graph.New(graph.Options{Credential: &s.noToken, Endpoint: "https://graph.example", Transport: s, Throttle: s.throttle})
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

// admit admits a reconcile of one user, whose phones are read.
func (s *server) admit(ctx context.Context, p throttle.Priority) (context.Context, *throttle.Ticket, error) {
	return s.throttle.Admit(ctx, p, throttle.Authentication)
}

// after is when a rejected one may come back.
func after(err error) time.Duration {
	if r, ok := errors.AsType[*throttle.Rejected](err); ok {
		return r.RetryAfter
	}
	return 0
}

// reconcile reads one user's phones, or returns how long to stay away.
func (s *server) reconcile(ctx context.Context) (wait time.Duration, err error) {
	ctx, ticket, err := s.admit(ctx, throttle.High)
	if err != nil {
		return after(err), err
	}
	defer func() { ticket.Done(err) }()
	_, err = s.client.PhoneMethods(ctx, adaID)
	return 0, err
}

// together has reconciles end at once, as those on one connection do.
func (s *server) together(n int) {
	var all sync.WaitGroup
	for range n {
		all.Go(func() { _, _ = s.reconcile(context.Background()) })
	}
	all.Wait()
}

// pause lets virtual time go by.
func pause(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // the clock is synctest's
