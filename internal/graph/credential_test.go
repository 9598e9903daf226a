package graph_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/entraops/phone-operator/internal/graph"
)

const (
	tenantID = "11111111-2222-3333-4444-555555555555"
	clientID = "66666666-7777-8888-9999-000000000000"
	traceID  = "3c1e2f9a-6f6e-4c43-9f6d-222222222222"
)

// authority answers as Entra does: the discovery document, and token for the rest.
func authority(t *testing.T, token http.HandlerFunc) *server {
	var s *server
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration") {
			base := s.URL + "/" + tenantID
			reply{status: 200, body: `{"issuer":"` + base + `/v2.0","authorization_endpoint":"` + base + `/oauth2/v2.0/authorize","token_endpoint":"` + base + `/oauth2/v2.0/token"}`}.write(w)
			return
		}
		token(w, r)
	})
	return s
}

func options(over *http.Client, address string) policy.ClientOptions {
	return policy.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: address},
		Transport: over,
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}
}

func clientSecret(t *testing.T, s *server, address string) azcore.TokenCredential {
	t.Helper()
	return secretOver(t, s.Client(), address)
}

func secretOver(t *testing.T, over *http.Client, address string) azcore.TokenCredential {
	t.Helper()
	c, err := azidentity.NewClientSecretCredential(tenantID, clientID, "a secret", &azidentity.ClientSecretCredentialOptions{
		ClientOptions: options(over, address), DisableInstanceDiscovery: true,
	})
	must(t, err)
	return c
}

func TestWhyThereIsNoToken(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, closed.Close())

	refuse := func(status int, header map[string]string, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { reply{status, header, body}.write(w) }
	}
	for name, tc := range map[string]struct {
		token      http.HandlerFunc
		credential func(*testing.T, *server) azcore.TokenCredential
		kind       graph.Kind
		code, id   string
		after      time.Duration
		silent     bool
	}{
		"the secret is wrong": {
			token: refuse(401, nil, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided for 'ada@contoso.example'.","error_codes":[7000215],"trace_id":"`+traceID+`"}`),
			kind:  graph.CredentialFailed, code: "AADSTS7000215", id: traceID,
		},
		"the answer has no number": {
			token: refuse(400, map[string]string{"x-ms-request-id": traceID}, `{"error":"unauthorized_client"}`),
			kind:  graph.CredentialFailed, code: "unauthorized_client", id: traceID,
		},
		"a page of a proxy that blocks":         {token: refuse(403, nil, "<html>"), kind: graph.Unavailable},
		"a web server that is not Entra":        {token: refuse(404, nil, "<html>"), kind: graph.Unavailable},
		"a refusal in other words than Entra's": {token: refuse(400, nil, `{"error":{"code":"badRequest"}}`), kind: graph.Unavailable},
		"the token endpoint is asked too often": {
			token: refuse(429, map[string]string{"Retry-After": "7"}, ""), kind: graph.Throttled, after: 7 * time.Second,
		},
		"the token endpoint is asked too often and does not say for how long": {
			token: refuse(429, nil, ""), kind: graph.Throttled, after: 5 * time.Second,
		},
		"the token endpoint does not work": {token: refuse(503, nil, ""), kind: graph.Unavailable},
		"the token endpoint cuts the connection": {
			token: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, kind: graph.Unavailable, silent: true,
		},
		"a page in place of a token": {token: refuse(200, nil, "<html>"), kind: graph.Unavailable},
		"nobody listens": {
			credential: func(t *testing.T, s *server) azcore.TokenCredential {
				return clientSecret(t, s, "https://"+closed.Addr().String())
			},
			kind: graph.Unavailable, silent: true,
		},
		"nobody we trust listens": {
			credential: func(t *testing.T, s *server) azcore.TokenCredential {
				return secretOver(t, &http.Client{}, s.URL)
			},
			kind: graph.Unavailable, silent: true,
		},
		"the federated token is not there": {
			credential: func(t *testing.T, s *server) azcore.TokenCredential {
				c, err := azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
					ClientOptions: options(s.Client(), s.URL), DisableInstanceDiscovery: true,
					TenantID: tenantID, ClientID: clientID, TokenFilePath: filepath.Join(t.TempDir(), "no-such-token"),
				})
				must(t, err)
				return c
			},
			kind: graph.CredentialFailed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := authority(t, tc.token)
			var credential azcore.TokenCredential
			if tc.credential != nil {
				credential = tc.credential(t, s)
			} else {
				credential = clientSecret(t, s, s.URL)
			}
			sent := 0
			c := newClient(t, over(func(*http.Request) (*http.Response, error) {
				sent++
				return nil, errors.New("not reached")
			}), func(o *graph.Options) { o.Credential = credential })

			for op, do := range operations(number(t, "+12065550100")) {
				e := failure(t, do(context.Background(), c))
				if graph.Silent(e) != tc.silent {
					t.Errorf("silent %v: %v", graph.Silent(e), e)
				}
				if e.Kind != tc.kind || e.Op != op || !strings.HasPrefix(e.Cause, "no token: ") {
					t.Errorf("%v", e)
				}
				if e.Code != tc.code || e.RequestID != tc.id || e.RetryAfter != tc.after {
					t.Errorf("%v; want code %q, request-id %q, retry after %v", e, tc.code, tc.id, tc.after)
				}
				for _, leak := range []string{"ada@", "secret provided", "html", os.TempDir()} {
					if strings.Contains(e.Error(), leak) {
						t.Errorf("%q shows in %v", leak, e)
					}
				}
			}
			if sent != 0 {
				t.Errorf("%d requests went to Graph without a token", sent)
			}
		})
	}
}

func TestATokenIsAskedForTheAudience(t *testing.T) {
	for name, tc := range map[string]struct{ audience, want string }{
		"the endpoint's own":  {"", "https://gateway.example/graph/.default"},
		"the cloud's":         {"https://graph.microsoft.us", "https://graph.microsoft.us/.default"},
		"the cloud's, with /": {"https://graph.microsoft.us/", "https://graph.microsoft.us/.default"},
	} {
		t.Run(name, func(t *testing.T) {
			var got policy.TokenRequestOptions
			c := newClient(t, over(func(r *http.Request) (*http.Response, error) { return reply{status: 204}.response(r), nil }),
				func(o *graph.Options) {
					o.Endpoint, o.Audience = "https://gateway.example/graph/", tc.audience
					o.Credential = tokens(func(_ context.Context, o policy.TokenRequestOptions) error { got = o; return nil })
				})
			must(t, c.EnableSMSSignIn(context.Background(), adaID))
			if len(got.Scopes) != 1 || got.Scopes[0] != tc.want || !got.EnableCAE {
				t.Errorf("asked for %+v", got)
			}
		})
	}
}

// tokens is a credential whose failures a test decides.
type tokens func(context.Context, policy.TokenRequestOptions) error

func (f tokens) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if err := f(ctx, o); err != nil {
		return azcore.AccessToken{}, err
	}
	return staticToken{}.GetToken(ctx, o)
}

func TestWorkersDoNotQueueForATokenThatIsNotToBeHad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		c := newClient(t, over(func(r *http.Request) (*http.Response, error) { return reply{status: 204}.response(r), nil }),
			func(o *graph.Options) {
				o.Credential = tokens(func(context.Context, policy.TokenRequestOptions) error {
					asked.Add(1)
					time.Sleep(10 * time.Second) //nolint:forbidigo // the clock is synctest's: the endpoint is away
					return errors.New("away")
				})
			})
		began := time.Now()
		var workers sync.WaitGroup
		for range 50 {
			workers.Go(func() {
				if err := c.EnableSMSSignIn(context.Background(), adaID); err == nil {
					t.Error("no error")
				}
			})
		}
		workers.Wait()
		if took := time.Since(began); took > 11*time.Second || asked.Load() != 1 { // the bubble's clock, not ours
			t.Errorf("asked %d times in %v", asked.Load(), took)
		}
		time.Sleep(2 * time.Second) //nolint:forbidigo // the clock is synctest's
		_ = c.EnableSMSSignIn(context.Background(), adaID)
		if asked.Load() != 2 {
			t.Error("the failure is held on to")
		}
	})
}

func TestACallerWhoGoesAwaySpoilsNothingForTheOthers(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	c := newClient(t, over(func(r *http.Request) (*http.Response, error) { return reply{status: 204}.response(r), nil }),
		func(o *graph.Options) {
			o.Credential = tokens(func(got context.Context, _ policy.TokenRequestOptions) error {
				if ctx.Err() == nil {
					cancel()
				}
				return got.Err()
			})
		})
	if err := c.EnableSMSSignIn(ctx, adaID); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	must(t, c.EnableSMSSignIn(context.Background(), adaID))
}

func TestATokenEndpointIsLeftAloneForAsLongAsItAsks(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		header http.Header
		want   time.Duration
	}{
		"in seconds":                   {429, http.Header{"Retry-After": {"60"}}, time.Minute},
		"until a date":                 {429, http.Header{"Retry-After": {"Thu, 01 Jan 2026 00:02:00 GMT"}, "Date": {"Thu, 01 Jan 2026 00:00:00 GMT"}}, 2 * time.Minute},
		"when it does not say":         {429, http.Header{}, 5 * time.Second},
		"for less than it should":      {429, http.Header{"Retry-After": {"1"}}, 5 * time.Second},
		"for longer than is believed":  {429, http.Header{"Retry-After": {"1000000"}}, 24 * time.Hour},
		"when it does not work":        {503, http.Header{"Retry-After": {"30"}}, 30 * time.Second},
		"a moment, when it just fails": {503, http.Header{}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				c := newClient(t, over(func(r *http.Request) (*http.Response, error) { return reply{status: 204}.response(r), nil }),
					func(o *graph.Options) {
						o.Credential = tokens(func(context.Context, policy.TokenRequestOptions) error {
							asked++
							return &azidentity.AuthenticationFailedError{RawResponse: &http.Response{StatusCode: tc.status, Header: tc.header, Body: http.NoBody}}
						})
					})
				first := failure(t, c.EnableSMSSignIn(context.Background(), adaID))
				half := (tc.want / 2).Truncate(time.Second)
				time.Sleep(half) //nolint:forbidigo // the clock is synctest's
				second := failure(t, c.EnableSMSSignIn(context.Background(), adaID))
				if second.Kind != first.Kind || first.RetryAfter > 0 && second.RetryAfter != first.RetryAfter-half {
					t.Errorf("first %v, then %v", first, second)
				}
				time.Sleep(tc.want - half - time.Millisecond) //nolint:forbidigo // the clock is synctest's
				_ = c.EnableSMSSignIn(context.Background(), adaID)
				if asked != 1 {
					t.Errorf("asked %d times while it was to be left alone", asked)
				}
				time.Sleep(time.Millisecond) //nolint:forbidigo // the clock is synctest's
				_ = c.EnableSMSSignIn(context.Background(), adaID)
				if asked != 2 {
					t.Error("it is left alone for longer than it asked")
				}
			})
		})
	}
}
