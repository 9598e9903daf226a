package graph

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// How often a token is replaced for the permissions that it lacks: what was granted
// meanwhile is in a new one only, and a token may live for 24 hours. Each one that
// brought nothing doubles the pause.
const (
	firstRenewal = 30 * time.Second
	lastRenewal  = 5 * time.Minute
)

// tokens is azcore's bearer policy together with what replaces a token before its time
// is up. azcore throws a token away after a 401 only, so a policy of its own takes the
// place of the one whose token is not wanted any more. The zero value is of no use.
type tokens struct {
	credential *credential
	scopes     []string
	bearer     atomic.Pointer[runtime.BearerTokenPolicy]

	mu      sync.Mutex // many hear the same refusal at once, and one new token does for all
	pause   time.Duration
	blocked time.Time // no renewal for want of a permission before
}

func newTokens(c *credential, scopes []string) *tokens {
	t := &tokens{credential: c, scopes: scopes}
	t.forget()
	return t
}

// Do puts the token on a request.
func (t *tokens) Do(req *policy.Request) (*http.Response, error) { return t.bearer.Load().Do(req) }

// forget has the next request ask the credential for its token.
func (t *tokens) forget() { t.bearer.Store(runtime.NewBearerTokenPolicy(t.credential, t.scopes, nil)) }

// longAgo is what every token of now was issued after, whatever the clocks say.
const longAgo = time.Hour

// get returns the token that the caches hold. anew passes them: only a request with
// claims does. The claim is that of a challenge, the least time of issue. Of a managed
// identity it passes the caches of this process; Azure keeps one of its own.
//
// Source: https://learn.microsoft.com/entra/identity-platform/claims-challenge
func (t *tokens) get(ctx context.Context, anew bool) (string, error) {
	o := policy.TokenRequestOptions{Scopes: t.scopes, EnableCAE: true}
	if anew {
		o.Claims = fmt.Sprintf(`{"access_token":{"nbf":{"essential":true,"value":"%d"}}}`, time.Now().Add(-longAgo).Unix())
	}
	token, err := t.credential.GetToken(ctx, o)
	return token.Token, err
}

// better reports whether a request that was refused is worth a second try, because
// there is another token now: any other after a 401, after a 403 one with other
// permissions, if the refused token lacks the one that is needed.
func (t *tokens) better(ctx context.Context, resp *http.Response, needs opening) bool {
	refused := tokenOf(resp)
	if refused == "" {
		return false
	}
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		return t.replaced(ctx, refused)
	case http.StatusForbidden:
		had, readable := rolesOf(refused)
		return readable && !needs.openTo(had) && t.widened(ctx, refused, had)
	}
	return false
}

// replaced gets another token than the one that Graph does not accept. Graph may
// refuse a token before its time is up, by its own clock or because it was revoked,
// and the caches keep it until then.
func (t *tokens) replaced(ctx context.Context, refused string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, anew := range []bool{false, true} {
		token, err := t.get(ctx, anew)
		if err != nil || token != refused {
			return err == nil
		}
	}
	return false
}

// widened gets a token with other permissions than the refused one had, if it is time
// for a new one.
func (t *tokens) widened(ctx context.Context, refused string, had []string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	token, err := t.get(ctx, false)
	switch {
	case err == nil && token != refused:
		t.forget() // the credential has another by now; azcore's policy would keep this one
	case err == nil && time.Now().After(t.blocked):
		token, err = t.get(ctx, true)
		t.renewed(err == nil && token != refused)
	}
	has, readable := rolesOf(token)
	return err == nil && readable && !slices.Equal(has, had)
}

// renew gets a new token, whatever the age of the one in use.
func (t *tokens) renew(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, err := t.get(ctx, true)
	t.pause = 0
	t.renewed(err == nil)
	return err
}

// renewed notes an attempt to get a new token, and has it used if there is one.
func (t *tokens) renewed(ok bool) {
	t.pause = min(max(2*t.pause, firstRenewal), lastRenewal)
	t.blocked = time.Now().Add(t.pause)
	if ok {
		t.forget()
	}
}

// tokenOf returns the token that the answered request carried.
func tokenOf(resp *http.Response) string {
	if resp == nil || resp.Request == nil {
		return ""
	}
	return strings.TrimPrefix(resp.Request.Header.Get("Authorization"), "Bearer ")
}

// Renew gets a new token, whatever the age of the one in use: an administrator may
// have granted something. The error is an *Error, and the old token stays in use.
func (c *Client) Renew(ctx context.Context) error {
	if err := c.tokens.renew(ctx); err != nil {
		e := classify("renew the token", outcome{err: err})
		e.ended = ctx.Err()
		return e
	}
	return nil
}
