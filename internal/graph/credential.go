package graph

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptrace"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/entraops/phone-operator/internal/throttle"
)

// tokenError is why there is no token. It keeps nothing of the credential's own
// error, which prints what the token endpoint said.
type tokenError struct{ failure Error }

func (e *tokenError) Error() string { return e.failure.Error() }

// Nobody waits for a token that was just not to be had: azcore lets one caller after
// the other try, and they would queue for minutes behind an endpoint that is away. An
// endpoint that asks to be left alone is not asked for as long as it says.
const failureHolds = time.Second

// throttledHolds is how long to wait at least for a token endpoint that is asked too
// often: the throttle does not count it.
const throttledHolds = 5 * time.Second

// credential says of a failure to get a token what kind it is. azidentity's errors
// tell this only if there was an answer, so it watches the connection as well.
type credential struct {
	azcore.TokenCredential

	mu sync.Mutex
	// A failure to renew a token, past the caches, keeps nobody from the one that they
	// hold: it is remembered by itself.
	usual, renewal lastFailure
}

// lastFailure is why a token was not to be had, until when that holds.
type lastFailure struct {
	*tokenError
	until time.Time
}

func newCredential(c azcore.TokenCredential) *credential { return &credential{TokenCredential: c} }

// GetToken gets a token, or fails with a *tokenError.
func (c *credential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	last := &c.usual
	if o.Claims != "" {
		last = &c.renewal
	}
	if failed := c.justFailed(last); failed != nil {
		return azcore.AccessToken{}, failed
	}
	var seen exchange
	token, err := c.TokenCredential.GetToken(seen.watch(ctx), o)
	if err == nil {
		return token, nil
	}
	failed := &tokenError{failure: seen.explain(ctx, err)}
	if ctx.Err() == nil { // a caller who goes away proves nothing for the others
		c.remember(last, failed)
	}
	return azcore.AccessToken{}, failed
}

// justFailed returns the failure that still holds, with what is left of the wait, in
// whole seconds as it is asked for.
func (c *credential) justFailed(last *lastFailure) *tokenError {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := time.Until(last.until)
	if left <= 0 {
		return nil
	}
	failed := *last.tokenError
	failed.failure.RetryAfter = min(failed.failure.RetryAfter, (left + time.Second - 1).Truncate(time.Second))
	return &failed
}

func (c *credential) remember(last *lastFailure, e *tokenError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*last = lastFailure{e, time.Now().Add(max(failureHolds, e.failure.RetryAfter))}
}

// exchange is what was seen on the wire while a token was asked for. Its hooks may
// run after the call is over.
type exchange struct {
	mu        sync.Mutex
	asked     bool // a connection was wanted
	answered  bool // the last request got an answer
	untrusted bool // a certificate was not trusted
	proxy     *ProxyError
}

func (x *exchange) watch(ctx context.Context) context.Context {
	ctx = context.WithValue(ctx, noteProxy{}, func(e *ProxyError) { x.note(func() { x.proxy = e }) })
	return httptrace.WithClientTrace(ctx, x.trace())
}

func (x *exchange) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:              func(string) { x.note(func() { x.asked, x.answered = true, false }) },
		GotFirstResponseByte: func() { x.note(func() { x.answered = true }) },
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
				x.note(func() { x.untrusted = true })
			}
		},
	}
}

func (x *exchange) note(f func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f()
}

// undecoded is in the error for a success that is no JSON: all that azidentity keeps of it
// is its text.
const undecoded = "json decode error"

// explain says what kind of failure err is, with the code and ids of the answer.
func (x *exchange) explain(ctx context.Context, err error) Error {
	x.mu.Lock()
	defer x.mu.Unlock()
	var refused *azidentity.AuthenticationFailedError
	switch {
	case errors.As(err, &refused) && refused.RawResponse != nil:
		return ofTokenEndpoint(refused.RawResponse)
	case ctx.Err() != nil:
		return Error{Kind: Unavailable, Cause: "no token: " + causeOf(ctx.Err()), silent: true}
	case x.proxy != nil && !x.answered:
		return Error{Kind: Unavailable, Cause: "no token: " + x.proxy.Error(), Proxy: x.proxy, silent: true}
	case x.untrusted:
		return Error{Kind: Unavailable, Cause: "no token: the certificate of the token endpoint is not trusted", silent: true}
	case x.asked && !x.answered:
		return Error{Kind: Unavailable, Cause: "no token: the token endpoint does not answer", silent: true}
	case x.asked && strings.Contains(err.Error(), undecoded):
		return Error{Kind: Unavailable, Cause: notEntra}
	case x.asked:
		return Error{Kind: CredentialFailed, Cause: "no token: the token endpoint does not accept the credential"}
	default:
		return Error{Kind: CredentialFailed, Cause: "no token: the credential is not complete on this machine"}
	}
}

// entraError is what Entra's token endpoint says of a request it refuses.
//
// Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
type entraError struct {
	Error       text `json:"error"`             // "invalid_client"
	Description text `json:"error_description"` // "AADSTS7000215: Invalid client secret ..."
	TraceID     text `json:"trace_id"`
}

var (
	aadsts    = regexp.MustCompile(`^AADSTS\d{4,8}\b`)
	oauthCode = regexp.MustCompile(`^[a-z_]{4,40}$`)
)

// notEntra is for a page of a proxy or of another web server: it says nothing of the
// credential.
const notEntra = "no token: what answers is not Entra"

func ofTokenEndpoint(resp *http.Response) Error {
	var said entraError
	_ = decode(resp, &said) // any bytes may stand there; what can be read is
	e := Error{
		Kind:   CredentialFailed,
		Cause:  "no token: the token endpoint refuses the credential",
		Status: resp.StatusCode,
		Code:   aadsts.FindString(string(said.Description)),
	}
	e.RetryAfter, _ = throttle.RetryAfter(resp.Header, time.Now())
	if e.Code == "" && oauthCode.MatchString(string(said.Error)) {
		e.Code = string(said.Error)
	}
	for _, id := range []string{resp.Header.Get("x-ms-request-id"), string(said.TraceID)} {
		if IsGUID(id) && e.RequestID == "" {
			e.RequestID = id
		}
	}
	switch {
	case e.Status == http.StatusTooManyRequests:
		e.Kind, e.Cause = Throttled, "no token: the token endpoint is asked too often"
		e.RetryAfter = max(e.RetryAfter, throttledHolds)
	case e.Status >= 500:
		e.Kind, e.Cause = Unavailable, "no token: the token endpoint does not work"
	case e.Code == "":
		e.Kind, e.Cause = Unavailable, notEntra
	}
	return e
}
