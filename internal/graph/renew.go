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

// How often a token is replaced before its time for one and the same reason: a
// permission that it lacks, as what was granted meanwhile is in a new one only and a token
// may live for 24 hours; or that Graph does not accept it. Each one that brought nothing
// doubles the pause.
const (
	firstRenewal = 30 * time.Second
	lastRenewal  = 5 * time.Minute
)

// notAccepted is the reason for the renewal of a token that Graph does not accept. The
// other reasons are permissions.
const notAccepted = ""

// tokens is azcore's bearer policy together with what replaces a token before its time
// is up. azcore throws a token away after a 401 only, so a policy of its own takes the
// place of the one whose token is not wanted any more. The zero value is of no use.
type tokens struct {
	credential *credential
	scopes     []string
	bearer     atomic.Pointer[runtime.BearerTokenPolicy]

	mu     sync.Mutex // many hear the same refusal at once, and one new token does for all
	pauses map[string]pause
}

// pause is how long no token is renewed for one reason, and until when.
type pause struct {
	length time.Duration
	until  time.Time
}

func newTokens(c *credential, scopes []string) *tokens {
	t := &tokens{credential: c, scopes: scopes, pauses: map[string]pause{}}
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
		token, err := t.other(ctx, refused, notAccepted)
		return err == nil && token != refused
	case http.StatusForbidden:
		had, readable := rolesOf(refused)
		if !readable || needs.openTo(had) {
			return false
		}
		token, err := t.other(ctx, refused, needs.least())
		has, readable := rolesOf(token)
		return err == nil && readable && !slices.Equal(has, had)
	}
	return false
}

// other returns the token in use now: another one than the refused one, or a new one if
// it is time for one. Graph may refuse a token before its time is up, by its own clock
// or because it was revoked, and the caches keep it until then.
func (t *tokens) other(ctx context.Context, refused, reason string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	token, err := t.get(ctx, false)
	switch {
	case err != nil:
	case token != refused: // the credential has another by now; azcore's policy may keep this one
		t.use(refused, token)
	case time.Now().After(t.pauses[reason].until):
		t.postpone(reason)
		if token, err = t.get(ctx, true); err == nil && token != refused {
			t.use(refused, token)
		}
	}
	return token, err
}

// use has the next request carry the new token. If it carries other permissions than the
// old one, somebody is granting some: nothing that is still missing waits any longer.
func (t *tokens) use(old, token string) {
	had, _ := rolesOf(old)
	if has, _ := rolesOf(token); !slices.Equal(has, had) {
		clear(t.pauses)
	}
	t.forget()
}

// postpone notes that a token is renewed for a reason. After a long time without it, the
// pauses begin anew.
func (t *tokens) postpone(reason string) {
	last, now := t.pauses[reason], time.Now()
	length := firstRenewal
	if now.Sub(last.until) < lastRenewal {
		length = min(2*last.length, lastRenewal)
	}
	t.pauses[reason] = pause{length, now.Add(length)}
}

// renew gets a new token, whatever the age of the one in use.
func (t *tokens) renew(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, _ := t.get(ctx, false)
	token, err := t.get(ctx, true)
	if err == nil {
		t.use(old, token)
	}
	return err
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
