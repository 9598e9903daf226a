package graph

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"
)

// outcome is how a call ended that did not succeed.
type outcome struct {
	write bool
	resp  *http.Response // nil: no answer
	err   error          // why there is no answer, or why it cannot be read
}

// classify says what a failure means. This is the whole table, first match first:
//
//	what happened                            read         write        why
//	no token, the token endpoint refused     CredentialFailed          nothing was sent to Graph
//	no token, the token endpoint is away     Unavailable               nothing was sent to Graph
//	no connection, or one not trusted        Unavailable               nothing was sent to Graph
//	no answer: timeout, cut, cancelled       Unavailable  Unclear      a write may have happened
//	2xx that cannot be read                  Unavailable  Unclear      a write has happened, as a rule
//	3xx                                      Unavailable               not Graph; never followed
//	401 (another token was tried before)     Forbidden                 the token is not accepted
//	403                                      Forbidden                 a permission, role or licence
//	404 with a code                          NotFound                  no such user or method, or not yet
//	404 without                              Unavailable  Unclear      not Graph: a gateway, a web server
//	407                                      Unavailable               a proxy, not Graph
//	408                                      Unavailable  Unclear      as a timeout
//	409 with code phoneNumberNotUnique       NumberNotUnique           the method is saved, as a rule
//	429                                      Throttled                 wait RetryAfter
//	any other 4xx                            Refused                   asked again, it is the same
//	503 with Retry-After                     Throttled    Unclear      wait RetryAfter; a write may have happened
//	any other 5xx                            Unavailable  Unclear      a write may have happened
//
// What to do next stands with each Kind. A code counts in the one row where it is
// certain, a message in none.
func classify(op string, o outcome) *Error {
	if token := (*tokenError)(nil); errors.As(o.err, &token) {
		e := token.failure
		e.Op = op
		return &e
	}
	lost := Unavailable
	if o.write {
		lost = Unclear
	}
	if o.resp == nil {
		e := &Error{Kind: lost, Op: op, Cause: causeOf(o.err), silent: unanswered(o.err)}
		if neverLeft(o.err) {
			e.Kind = Unavailable
		}
		return e
	}

	e := &Error{Op: op, Status: o.resp.StatusCode, Code: codeOf(o.resp), RequestID: requestIDOf(o.resp)}
	var pause bool
	e.RetryAfter, pause = RetryAfter(o.resp.Header, time.Now())
	switch status := e.Status; {
	case status < 300:
		e.Kind, e.Cause, e.silent = lost, causeOf(o.err), unanswered(o.err)
	case status < 400:
		e.Kind, e.Cause = Unavailable, "a redirect, which is not followed: check the address of Graph"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.Kind = Forbidden
	case status == http.StatusNotFound && e.Code == "":
		// Who is taken for gone is let go, so this must be Graph's own word.
		e.Kind, e.Cause = lost, "what answers is not Graph"
	case status == http.StatusNotFound:
		e.Kind = NotFound
	case status == http.StatusProxyAuthRequired:
		e.Kind, e.Cause = Unavailable, "a proxy asks for a sign-in"
	case status == http.StatusRequestTimeout:
		e.Kind = lost
	case status == http.StatusConflict && e.Code == "phoneNumberNotUnique":
		e.Kind = NumberNotUnique
	case status == http.StatusTooManyRequests:
		e.Kind = Throttled
	case status < 500:
		e.Kind = Refused
	case status == http.StatusServiceUnavailable && !o.write && pause:
		e.Kind = Throttled
	default:
		e.Kind = lost
	}
	return e
}

// neverLeft says whether a request certainly did not reach the server: there was no
// connection to send it on. What is not known to be so is not.
func neverLeft(err error) bool {
	var untrusted *tls.CertificateVerificationError
	return errors.As(err, &untrusted) || isDial(err)
}

func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect")
}

// unanswered says whether err is for want of an answer, or of its end.
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
		untrusted *tls.CertificateVerificationError
		tooLarge  *http.MaxBytesError
		timeout   interface{ Timeout() bool }
	)
	switch {
	case errors.As(err, &untrusted):
		return "the server's certificate is not trusted"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case isDial(err):
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
