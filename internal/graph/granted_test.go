package graph_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
)

// without is the emulator with an app that lacks a permission, and a client that has a
// token from before it was granted.
func without(t *testing.T) *tenant {
	t.Helper()
	g := emulated(t)
	must(t, g.AddApp(emulator.App{ClientID: clientID, Secret: appSecret, Roles: permissions[1:]}))
	_, err := g.client.User(context.Background(), adaID)
	must(t, err)
	return g
}

func (g *tenant) grant(t *testing.T) {
	t.Helper()
	must(t, g.AddApp(emulator.App{ClientID: clientID, Secret: appSecret, Roles: permissions}))
}

// A token of the emulator lives for a day, as Entra's do for clients that answer challenges.
func TestAPermissionThatIsGrantedLaterIsUsedByTheNextRequestThatNeedsIt(t *testing.T) {
	g := without(t)
	g.grant(t)
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			if _, err := g.client.PhoneMethods(context.Background(), adaID); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	_, err := g.client.CreatePhoneMethod(context.Background(), adaID, phone.Mobile, number(t, "+12065550100"))
	must(t, err)
	if n := g.tokens(); n != 2 {
		t.Errorf("%d tokens were asked for, want the first and one more", n)
	}
}

func (g *tenant) tokens() (n int) {
	for _, r := range g.Requests() {
		if r.Method == http.MethodPost && r.Status == http.StatusOK {
			n++
		}
	}
	return n
}

func TestARenewedTokenIsUsed(t *testing.T) {
	g := without(t)
	if _, err := g.client.PhoneMethods(context.Background(), adaID); graph.KindOf(err) != graph.Forbidden {
		t.Fatal(err)
	}
	g.grant(t) // too late for the one renewal that a refusal may bring for now
	if _, err := g.client.PhoneMethods(context.Background(), adaID); graph.KindOf(err) != graph.Forbidden {
		t.Fatal(err)
	}
	must(t, g.client.Renew(context.Background()))
	_, err := g.client.PhoneMethods(context.Background(), adaID)
	must(t, err)
}

// refreshing gives out a token with more permissions the second time that it is asked, as
// a cache does that refreshes its token ahead of time.
type refreshing struct {
	carrying
	asked int
}

func (r *refreshing) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if r.asked++; r.asked > 1 {
		r.roles = [][]string{permissions}
	}
	return r.carrying.GetToken(ctx, o)
}

func TestATokenThatTheCredentialRefreshedByItselfIsUsed(t *testing.T) {
	credential := &refreshing{carrying: carrying{roles: [][]string{{"User.ReadBasic.All"}}}}
	first := ""
	c := newClient(t, credentials(credential), over(func(r *http.Request) (*http.Response, error) {
		token := r.Header.Get("Authorization")
		if first == "" {
			first = token
		}
		if token == first {
			return reply{status: 403, body: said("accessDenied", "")}.response(r), nil
		}
		return reply{status: 200, body: `{"value":[]}`}.response(r), nil
	}))
	_, err := c.PhoneMethods(context.Background(), adaID)
	must(t, err)
	if credential.anew > 0 {
		t.Error("a token was asked for past the cache that has one")
	}
}

// forbidding refuses every call like the service for methods, and counts.
func forbidding(credential *carrying) (c func(*testing.T) *graph.Client, calls *atomic.Int32) {
	calls = &atomic.Int32{}
	return func(t *testing.T) *graph.Client {
		return newClient(t, credentials(credential), over(func(r *http.Request) (*http.Response, error) {
			calls.Add(1)
			return reply{status: 403, body: said("accessDenied", "Request Authorization failed")}.response(r), nil
		}))
	}, calls
}

func TestARefusalThatANewTokenCannotMend(t *testing.T) {
	for name, tc := range map[string]struct {
		credential  carrying
		kind        graph.Kind
		calls, anew int
	}{
		"the permission is there":            {carrying{roles: [][]string{permissions}}, graph.Restricted, 1, 0},
		"the broad permission is there":      {carrying{roles: [][]string{{"UserAuthenticationMethod.ReadWrite.All"}}}, graph.Restricted, 1, 0},
		"only reading is granted":            {carrying{roles: [][]string{{"UserAuthMethod-Phone.Read.All"}}}, graph.Forbidden, 1, 1},
		"the new token carries the same":     {carrying{roles: [][]string{nil}}, graph.Forbidden, 1, 1},
		"the new token carries something":    {carrying{roles: [][]string{nil, {"User.ReadBasic.All"}}}, graph.Forbidden, 2, 1},
		"the new token carries it":           {carrying{roles: [][]string{nil, permissions}}, graph.Restricted, 2, 1},
		"there is no new token":              {carrying{roles: [][]string{nil}, failed: errors.New("away")}, graph.Forbidden, 1, 0},
		"the token is nothing that is known": {carrying{}, graph.Forbidden, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			client, calls := forbidding(&tc.credential)
			c := client(t)
			if tc.credential.roles == nil {
				c = newClient(t, over(func(r *http.Request) (*http.Response, error) {
					calls.Add(1)
					return reply{status: 403, body: said("accessDenied", "")}.response(r), nil
				}))
			}
			e := failure(t, c.EnableSMSSignIn(context.Background(), adaID))
			if e.Kind != tc.kind || int(calls.Load()) != tc.calls || tc.credential.anew != tc.anew {
				t.Errorf("%v after %d requests and %d new tokens", e, calls.Load(), tc.credential.anew)
			}
			if wants := e.Permission != ""; wants != (tc.kind == graph.Forbidden) {
				t.Errorf("the permission to grant is %q", e.Permission)
			}
		})
	}
}

// A token endpoint that is away, or asks for a pause, when a token is to be renewed takes nothing
// from those who have one.
func TestATokenThatCannotBeRenewedIsStillThere(t *testing.T) {
	for name, why := range map[string]error{
		"away":           errors.New("away"),
		"asks for pause": &azidentity.AuthenticationFailedError{RawResponse: &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {"60"}}, Body: http.NoBody}},
	} {
		t.Run(name, func(t *testing.T) {
			credential := &carrying{roles: [][]string{{"GroupMember.Read.All", "RoleManagement.Read.Directory"}}, failed: why}
			answers := map[string]reply{}
			s := serve(t, collections(answers))
			c := s.client(t, credentials(credential))
			answers[assigned] = reply{status: 403, body: said("accessDenied", "")}
			answers[owned] = answers[assigned]
			if err := c.Renew(t.Context()); err == nil {
				t.Fatal("there is a new token")
			}
			if has, err := c.Permissions(t.Context()); err != nil || len(has) != 2 {
				t.Errorf("permissions %v, %v", has, err)
			}
			got, err := c.Protection(t.Context(), adaID)
			if e := failure(t, err); e.Kind != graph.Unavailable || e.Permission != "" { // the token has what is needed
				t.Error(e)
			}
			if got.Views[graph.EligibleGroups] != graph.NotGranted {
				t.Errorf("views %v", got.Views)
			}
		})
	}
}

func TestATokenEndpointThatAsksForAPauseIsNotAskedToRenew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		c := newClient(t, over(func(r *http.Request) (*http.Response, error) { return reply{status: 204}.response(r), nil }), credentials(
			tokens(func(_ context.Context, o policy.TokenRequestOptions) error {
				if o.Claims == "" {
					return nil
				}
				asked++
				return &azidentity.AuthenticationFailedError{RawResponse: &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {"60"}}, Body: http.NoBody}}
			})))
		for range 4 { // at 0, 20, 40 and 60 seconds
			_ = c.Renew(t.Context())
			time.Sleep(20 * time.Second) //nolint:forbidigo // the clock is synctest's
		}
		if asked != 2 {
			t.Errorf("asked %d times in a minute", asked)
		}
	})
}
