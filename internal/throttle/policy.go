package throttle

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraops/phone-operator/internal/metrics"
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
		return p.send(req, class)
	}
	s, err := p.throttle.take(r.Context(), class)
	if err != nil {
		p.throttle.measureDelay(err)
		return nil, err
	}
	resp, err := p.send(req, class)
	if resp != nil {
		p.throttle.observe(s, resp.StatusCode, resp.Header)
	}
	return resp, err
}

// send sends the request and measures it.
func (p pipelinePolicy) send(req *policy.Request, class Class) (*http.Response, error) {
	began := p.throttle.now()
	resp, err := req.Next()
	tenant := p.throttle.tenant
	metrics.GraphRequestSeconds.WithLabelValues(tenant, class.String()).Observe(p.throttle.now().Sub(began).Seconds())
	metrics.GraphRequests.WithLabelValues(tenant, class.String(), codeOf(resp)).Inc()
	return resp, err
}

// codeOf returns an answer as metrics name it.
func codeOf(resp *http.Response) string {
	switch {
	case resp == nil:
		return "none"
	case resp.StatusCode == http.StatusTooManyRequests:
		return "429"
	}
	return strconv.Itoa(resp.StatusCode/100) + "xx"
}

// measureDelay measures a rejection.
func (t *Throttle) measureDelay(err error) {
	if r, ok := errors.AsType[*Rejected](err); ok {
		metrics.ThrottleDelays.WithLabelValues(t.tenant, string(r.Reason)).Observe(r.RetryAfter.Seconds())
	}
}

// probes reports whether the next request is the first of the probe.
func (t *Throttle) probes(ctx context.Context) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, ok := ctx.Value(ticketKey{}).(*Ticket)
	return ok && t.breaker.isProbe(k.admitted) && k.requests() == 0
}
