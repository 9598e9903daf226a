package graph

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/entraops/phone-operator/internal/throttle"
)

// Kind is what a failure means for what to do next. classify decides it.
type Kind string

// The kinds of failure.
const (
	// Refused: Graph will not do this, asked now or again. Change what is asked.
	Refused Kind = "refused"
	// InvalidNumber: Graph says of the number that it is none. Change the number.
	InvalidNumber Kind = "invalid number"
	// NumberNotUnique: another user signs in with this number. The method is saved all
	// the same, as a rule: read again, then decide.
	NumberNotUnique Kind = "number not unique"
	// NotFound: there is no such user or method, or not yet: a new user shows late.
	NotFound Kind = "not found"
	// Forbidden: the token does not carry the permission. Grant what is missing.
	Forbidden Kind = "forbidden"
	// Restricted: the token carries the permission, and Graph does not do this all the
	// same. The user is under special protection, such as a restricted management
	// administrative unit.
	Restricted Kind = "restricted"
	// TokenRefused: Graph does not accept the token, nor a new one. It concerns the
	// whole tenant: the clouds do not fit together, or the sign-in is restricted.
	TokenRefused Kind = "token refused"
	// Busy: the directory is being changed by others, and nothing was done. Ask again,
	// later and later.
	Busy Kind = "busy"
	// Throttled: the tenant was asked too much. Ask nothing of it before RetryAfter.
	Throttled Kind = "throttled"
	// Unavailable: no answer, and nothing was changed. Ask again, later and later.
	Unavailable Kind = "unavailable"
	// Unclear: a write was sent and may or may not have happened. Read before any
	// other write.
	Unclear Kind = "unclear"
	// CredentialFailed: there is no token for this credential. Correct the credential.
	CredentialFailed Kind = "credential failed"
)

// Error is every error of this package's calls. Of what Graph said it holds codes and
// ids only: messages and addresses may name users and numbers.
type Error struct {
	Kind   Kind
	Op     string // what was tried: "update phone method"
	Cause  string // a phrase of ours, where there is more to say than the status does
	Status int    // the HTTP status; 0 without an answer
	// Code is Graph's error code ("badRequest"), or the token endpoint's
	// ("AADSTS7000215"). It is empty if what stood there does not look like one.
	Code string
	// RequestID is the server's id of the request, ClientRequestID ours: Microsoft's
	// support asks for both. Each is a GUID or empty.
	RequestID, ClientRequestID string
	// RetryAfter is how long the server asks to be left alone; 0 if it does not say.
	RetryAfter time.Duration
	// Permission is the least permission that the call needs, if it was Forbidden; "" if
	// nothing that can be granted is missing.
	Permission string
	// Proxy is what a proxy said that did not let us through to Graph or to the token
	// endpoint; nil in all other cases.
	Proxy *ProxyError

	noToken bool     // nothing was sent to Graph: all that is said is the token endpoint's
	ended   error    // why the caller's context is over, if it is
	silent  bool     // no answer came
	carried []string // the permissions in the token that was answered; nil if it cannot be read
}

// Error says in our own words what failed, with the codes and ids.
func (e *Error) Error() string {
	var facts []string
	fact := func(name, value string) {
		if value != "" {
			facts = append(facts, strings.TrimSpace(name+" "+value))
		}
	}
	if e.Status != 0 {
		fact("HTTP", strconv.Itoa(e.Status))
	}
	fact("", e.Code)
	if e.RetryAfter > 0 {
		fact("retry after", e.RetryAfter.String())
	}
	fact("needs", e.Permission)
	fact("request-id", e.RequestID)
	fact("client-request-id", e.ClientRequestID)

	s := e.Op + ": " + string(e.Kind)
	if e.Cause != "" {
		s += ": " + e.Cause
	}
	if len(facts) > 0 {
		s += " (" + strings.Join(facts, ", ") + ")"
	}
	return s
}

// Unwrap gives context.Canceled or context.DeadlineExceeded if the caller's context
// ended the call. Nothing else lies below: errors of HTTP print addresses and bodies.
func (e *Error) Unwrap() error { return e.ended }

// NotAdmitted returns the error of a call, or of several, that the throttle did not admit.
func NotAdmitted(op string, r *throttle.Rejected) *Error {
	kind := Throttled
	if r.Reason == throttle.CircuitOpen {
		kind = Unavailable
	}
	return &Error{Kind: kind, Op: op, Cause: "not admitted: " + string(r.Reason), RetryAfter: r.RetryAfter}
}

// KindOf returns the kind of the Error in err's chain, or "" if there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

// Unanswered reports whether no answer came, neither from Graph nor from the token
// endpoint: there was no connection or none to trust, it was cut, or time was up. Of a
// caller that went away it is not known.
func (e *Error) Unanswered() bool { return e.silent && e.ended == nil }

// Silent reports whether err is the error of a call that nothing answered.
func Silent(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Unanswered()
}
