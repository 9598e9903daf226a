package throttle

import (
	"context"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// pipelinePolicy is an azcore policy: each attempt takes a token, and its answer is observed.
type pipelinePolicy struct {
	throttle  *Throttle
	closeIdle func()
}

// Policy returns the policy for a pipeline. It belongs to the PerRetry policies, behind
// the one that gets tokens for Authorization: each attempt counts at Graph, and getting
// such a token does not. closeIdle closes the idle connections; nil: there are none.
func (t *Throttle) Policy(closeIdle func()) policy.Policy {
	return pipelinePolicy{throttle: t, closeIdle: closeIdle}
}

func (p pipelinePolicy) Do(req *policy.Request) (*http.Response, error) {
	r := req.Raw()
	if p.closeIdle != nil && p.throttle.probes(r.Context()) {
		p.closeIdle() // what hangs may be a connection, or the one server it leads to
	}
	class := ClassOf(r.URL.Path)
	if class == Reports {
		if wait := p.throttle.Pause(); wait > 0 { // a pause is the tenant's
			return nil, reject(Paused, wait)
		}
		return req.Next()
	}
	s, err := p.throttle.take(r.Context(), class)
	if err != nil {
		return nil, err
	}
	resp, err := req.Next()
	if resp != nil {
		p.throttle.observe(s, resp.StatusCode, resp.Header)
	}
	return resp, err
}

// probes reports whether the next request is the first of the probe.
func (t *Throttle) probes(ctx context.Context) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, ok := ctx.Value(ticketKey{}).(*Ticket)
	return ok && t.breaker.isProbe(k.admitted) && k.requests() == 0
}
