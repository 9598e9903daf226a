package graph

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/entraops/phone-operator/internal/throttle"
)

// outcome is how a call ended that did not succeed.
type outcome struct {
	write     bool
	readable  bool           // it is known what the token carries
	permitted bool           // the token carries a permission that opens the call
	resp      *http.Response // nil: no answer
	err       error          // why there is no answer, or why it cannot be read
}

// classify says what a failure means. This is the whole table, first match first:
//
//	what happened                            read         write        why
//	not admitted by the throttle             Throttled                 nothing was sent to Graph
//	the same, while Graph does not answer    Unavailable               nothing was sent to Graph
//	no token, the token endpoint refused     CredentialFailed          nothing was sent to Graph
//	no token, the token endpoint is away     Unavailable               nothing was sent to Graph
//	no token, what answers is not Entra      Unavailable               nothing was sent to Graph
//	no connection, or one not trusted        Unavailable               nothing was sent to Graph
//	no answer: timeout, cut, cancelled       Unavailable  Unclear      a write may have happened
//	2xx that cannot be read                  Unavailable  Unclear      a write has happened, as a rule
//	3xx                                      Unavailable               not Graph; never followed
//	401 (another token was tried before)     TokenRefused              the token is not accepted
//	403, the token lacks the permission      Forbidden                 grant it
//	403 with a code of a missing permission  Forbidden                 grant it
//	403 with a code of a refusal             Restricted                this user is protected
//	the same, and the token cannot be read   Forbidden                 grant it, as a rule
//	403 with another code, or without        Unavailable  Unclear      not the service that knows: a gateway, a lost route
//	404 with a code of an absent object      NotFound                  no such user or method, or not yet
//	404 with another code, or without        Unavailable  Unclear      not the service that knows: a gateway, a lost route
//	407                                      Unavailable               a proxy, not Graph
//	408                                      Unavailable  Unclear      as a timeout
//	409 Directory_ConcurrencyViolation       Busy                      others write, and nothing was done
//	409 phoneNumberNotUnique                 NumberNotUnique           the method is saved, as a rule
//	429                                      Throttled                 wait RetryAfter
//	any other 4xx, invalidPhoneNumber        Refused      InvalidNumber  asked again, it is the same
//	any other 4xx                            Refused                   asked again, it is the same
//	503 with Retry-After                     Throttled    Unclear      wait RetryAfter; a write may have happened
//	any other 5xx                            Unavailable  Unclear      a write may have happened
//
// What to do next stands with each Kind. A code counts in the rows that name it, where
// real Graph was seen to send it (witness_test.go), a message in none.
func classify(op string, o outcome) *Error {
	if token := (*tokenError)(nil); errors.As(o.err, &token) {
		e := token.failure
		e.Op, e.noToken = op, true
		return &e
	}
	if rejected, ok := errors.AsType[*throttle.Rejected](o.err); ok {
		return NotAdmitted(op, rejected)
	}
	lost := Unavailable
	if o.write {
		lost = Unclear
	}
	if o.resp == nil {
		e := &Error{Kind: lost, Op: op, Cause: causeOf(o.err), silent: unanswered(o.err)}
		e.Proxy, _ = errors.AsType[*ProxyError](o.err)
		if _, ok := errors.AsType[*neverSent](o.err); ok {
			e.Kind = Unavailable
		}
		return e
	}

	e := &Error{Op: op, Status: o.resp.StatusCode, Code: codeOf(o.resp), RequestID: requestIDOf(o.resp)}
	var pause bool
	e.RetryAfter, pause = throttle.RetryAfter(o.resp.Header, time.Now())
	switch status := e.Status; {
	case status < 300:
		e.Kind, e.Cause, e.silent = lost, causeOf(o.err), unanswered(o.err)
	case status < 400:
		e.Kind, e.Cause = Unavailable, "a redirect, which is not followed: check the address of Graph"
	case status == http.StatusUnauthorized:
		e.Kind = TokenRefused
	case status == http.StatusForbidden && (o.readable && !o.permitted || isAny(e.Code, scopeMissing)):
		e.Kind = Forbidden
	case status == http.StatusForbidden && isAny(e.Code, denied) && !o.permitted:
		e.Kind = Forbidden
	case status == http.StatusForbidden && isAny(e.Code, denied):
		e.Kind = Restricted
	case status == http.StatusForbidden && e.Code == "":
		e.Kind, e.Cause = lost, notGraph
	case status == http.StatusForbidden:
		e.Kind, e.Cause = lost, "refused in words that no service of Graph is known to use"
	case status == http.StatusNotFound && isAny(e.Code, absent):
		e.Kind = NotFound
	case status == http.StatusNotFound && e.Code == "":
		e.Kind, e.Cause = lost, notGraph
	case status == http.StatusNotFound:
		e.Kind, e.Cause = lost, "the service that knows was not reached"
	case status == http.StatusProxyAuthRequired:
		e.Kind, e.Cause = Unavailable, "a proxy asks for a sign-in"
	case status == http.StatusRequestTimeout:
		e.Kind = lost
	case status == http.StatusConflict && isAny(e.Code, concurrency):
		e.Kind = Busy
	case status == http.StatusConflict && isAny(e.Code, notUnique):
		e.Kind = NumberNotUnique
	case status == http.StatusTooManyRequests:
		e.Kind = Throttled
	case status < 500 && o.write && isAny(e.Code, invalidNumber):
		e.Kind = InvalidNumber
	case status < 500:
		e.Kind = Refused
	case status == http.StatusServiceUnavailable && !o.write && pause:
		e.Kind = Throttled
	default:
		e.Kind = lost
	}
	return e
}

const notGraph = "what answers is not Graph"

// The codes that decide something. Services of Graph write them in different case.
var (
	// absent are the words for an object that is not there. Who is taken for gone is let
	// go, so UnknownError and words that nobody has seen are none: with those Graph's
	// front passes on the 404 of a server that was not the right one.
	absent = []string{"Request_ResourceNotFound", "ResourceNotFound", "itemNotFound"}
	// denied are the words with which services of Graph refuse. With others, such as
	// UnknownError, Graph's front passes on what it does not understand, or something on
	// the way refuses; that says nothing of a user.
	denied        = []string{"accessDenied", "Authorization_RequestDenied", "Forbidden", "Authentication_RequestFromNonPremiumTenantOrB2CTenant"}
	scopeMissing  = []string{"PermissionScopeNotGranted", "Authentication_MSGraphPermissionMissing"} // of PIM, of the audit log and the reports
	concurrency   = []string{"Directory_ConcurrencyViolation"}
	notUnique     = []string{"phoneNumberNotUnique"}
	invalidNumber = []string{"invalidPhoneNumber"}
)

func isAny(code string, of []string) bool {
	return slices.ContainsFunc(of, func(s string) bool { return strings.EqualFold(s, code) })
}

func isDial(err error, op string) bool {
	failed, ok := errors.AsType[*net.OpError](err)
	return ok && failed.Op == op
}

// unanswered reports whether err is for want of an answer, or of its end.
func unanswered(err error) bool {
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	return !tooLarge && !errors.Is(err, errUnreadable)
}

// errUnreadable is why a success is none: its body is not what it should be.
var errUnreadable = errors.New("unreadable")

// causeOf says in fixed words why there is no answer. The errors themselves hold
// addresses, and with them names of users.
func causeOf(err error) string {
	var (
		refused   *ProxyError
		untrusted *tls.CertificateVerificationError
		tooLarge  *http.MaxBytesError
		timeout   interface{ Timeout() bool }
	)
	switch {
	case errors.As(err, &refused):
		return refused.Error()
	case errors.Is(err, errReadOnly):
		return errReadOnly.Error()
	case errors.As(err, &untrusted):
		return "the server's certificate is not trusted"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case isDial(err, "proxyconnect"):
		return "no connection to the proxy"
	case isDial(err, "dial"):
		return "no connection"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.As(err, &tooLarge):
		return "the answer is too large"
	case errors.Is(err, errUnreadable):
		return "the answer cannot be read"
	default:
		return "the connection broke off"
	}
}
