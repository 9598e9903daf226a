package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/google/uuid"
)

type lowPriority struct{}

// WithLowPriority marks the calls made with the context as ones that can wait, such
// as drift checks: a busy Graph throttles them first.
//
// Source: https://learn.microsoft.com/graph/throttling
func WithLowPriority(ctx context.Context) context.Context {
	return context.WithValue(ctx, lowPriority{}, true)
}

// call is one request.
type call struct {
	op     string // what it is for: "update phone method"
	method string
	path   string // below the version, escaped, with the query
	body   any    // written as JSON; nil: none
	needs  opening
	// eventual has the directory answer from its index, which is a little behind and knows queries
	// that it has no other answer to.
	eventual bool
}

func (r call) write() bool { return r.method != http.MethodGet }

// timeoutOf is how long an attempt of a call may take.
func (c *Client) timeoutOf(r call) time.Duration {
	switch {
	case c.timeout > 0:
		return c.timeout
	case r.write():
		return WriteTimeout
	}
	return ReadTimeout
}

// answer is what a success must bring. complete reports whether all of it is there.
type answer interface{ complete() bool }

// send makes the call and reads what comes back into into, unless that is nil. The
// error is an *Error.
func (c *Client) send(ctx context.Context, r call, into answer) error {
	if err := ctx.Err(); err != nil { // azcore would not say that nothing was sent
		return &Error{Kind: Unavailable, Op: r.op, Cause: causeOf(err), ended: err}
	}
	id := uuid.NewString()
	req, err := c.request(policy.WithRetryOptions(ctx, c.retries(r)), r, id)
	if err != nil {
		return &Error{Kind: Refused, Op: r.op, Cause: "the request cannot be written"}
	}
	resp, err := c.pipeline.Do(req)
	if err == nil && c.tokens.better(ctx, resp, r.needs) {
		resp, err = c.again(ctx, r, id)
	}
	if err == nil && resp.StatusCode < 300 {
		if into == nil && done(resp) {
			return nil
		}
		if into != nil {
			if err = decode(resp, into); err == nil && into.complete() {
				if dated, ok := into.(interface{ heard(http.Header) }); ok {
					dated.heard(resp.Header)
				}
				return nil
			}
		}
		err = errUnreadable
	}
	has, readable := rolesOf(tokenOf(resp))
	e := classify(r.op, outcome{write: r.write(), readable: readable, permitted: r.needs.openTo(has), resp: resp, err: err})
	e.ClientRequestID, e.ended = id, ctx.Err()
	if readable {
		e.carried = append([]string{}, has...)
	}
	if e.Kind == Forbidden {
		e.Permission = r.needs.least()
	}
	return e
}

// done reports whether an answer without anything to read says that the work is done. A
// page of a gateway must not pass for a deletion, nor an error that came as a success, nor
// a promise to do it later.
func done(resp *http.Response) bool {
	if resp.StatusCode == http.StatusNoContent {
		// Of a deletion the finalizer goes with the answer, so it must be Graph's: the list
		// decides where nothing shows that it is.
		return resp.Request.Method != http.MethodDelete || RequestID(resp.Header) != ""
	}
	if resp.StatusCode != http.StatusOK || RequestID(resp.Header) == "" {
		return false
	}
	body, err := runtime.Payload(resp)
	if err != nil || len(body) == 0 {
		return err == nil
	}
	var said map[string]json.RawMessage
	if json.Unmarshal(body, &said) != nil {
		return false
	}
	_, failed := said["error"]
	return !failed
}

// again makes a call once more whose token was refused: nothing was done.
func (c *Client) again(ctx context.Context, r call, id string) (*http.Response, error) {
	req, err := c.request(policy.WithRetryOptions(ctx, c.retries(r)), r, id)
	if err != nil {
		return nil, err
	}
	return c.pipeline.Do(req)
}

func (c *Client) request(ctx context.Context, r call, id string) (*policy.Request, error) {
	req, err := runtime.NewRequest(ctx, r.method, c.endpoint+"/"+c.version+"/"+r.path)
	if err != nil {
		return nil, err
	}
	header := req.Raw().Header
	header.Set("Accept", "application/json")
	header.Set("client-request-id", id)
	if ctx.Value(lowPriority{}) != nil {
		header.Set("x-ms-throttle-priority", "low")
	}
	if r.eventual {
		header.Set("ConsistencyLevel", "eventual")
	}
	if r.body == nil {
		return req, nil
	}
	return req, runtime.MarshalAsJSON(req, r.body)
}

// Reads are sent again at most twice, and not when a second has gone by: a hiccup is
// over then. What lasts longer is for the work queue; a worker does not sleep. So a
// read holds one for two seconds and the timeout of the last attempt, at most.
const (
	readRetries = 2
	retryDelay  = 200 * time.Millisecond
	retryWindow = time.Second
)

// retries are azcore's options for one call. A write is sent once, and nobody who is
// throttled is asked again.
func (c *Client) retries(r call) policy.RetryOptions {
	if r.write() {
		return policy.RetryOptions{MaxRetries: -1, TryTimeout: c.timeoutOf(r)}
	}
	began := time.Now()
	return policy.RetryOptions{
		MaxRetries:    readRetries,
		RetryDelay:    retryDelay,
		MaxRetryDelay: retryWindow, // a longer Retry-After is not waited for
		TryTimeout:    c.timeoutOf(r),
		ShouldRetry: func(resp *http.Response, err error) bool {
			return time.Since(began) < retryWindow && (err != nil || resp.StatusCode >= 500)
		},
	}
}
