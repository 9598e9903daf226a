package tenant

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"golang.org/x/time/rate"
)

// gated sends requests through a gate, and no more in a second than the ceiling.
type gated struct {
	gate    *Gate
	ceiling *rate.Limiter // nil: none
	next    policy.Transporter
}

// Through returns a transport that sends what it is given through the gate.
func (g *Gate) Through(next policy.Transporter) policy.Transporter { return gated{gate: g, next: next} }

func (g gated) Do(r *http.Request) (*http.Response, error) {
	if g.ceiling != nil {
		// Only passes come here that the gate let in, so that few wait.
		if err := g.ceiling.Wait(r.Context()); err != nil {
			return nil, err
		}
	}
	if g.gate.triesFirst(r.Context()) {
		// What hangs may be a connection, or the one server that it leads to.
		if client, ok := g.next.(interface{ CloseIdleConnections() }); ok {
			client.CloseIdleConnections()
		}
	}
	sent, wait := g.gate.pay(r.Context())
	if wait > 0 {
		return notNow(r, wait), nil
	}
	resp, err := g.next.Do(r)
	if err == nil {
		g.gate.heed(sent, resp.StatusCode, resp.Header)
	}
	return resp, err
}

// notNow is Graph's own answer to a request that comes too early.
func notNow(r *http.Request, wait time.Duration) *http.Response {
	seconds := int((wait + time.Second - 1) / time.Second)
	return &http.Response{
		Status: "429 Too Many Requests", StatusCode: http.StatusTooManyRequests,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Retry-After": {strconv.Itoa(seconds)}},
		Body:   io.NopCloser(strings.NewReader("")),
	}
}
