package emulator

import (
	"net/http"
	"strings"
	"time"
)

// exchange answers one call with the faults that apply to it, and records it. The
// calls inside a batch come through here one by one too.
func (e *Emulator) exchange(c *call) answer {
	c.seen = e.firstSight(c)
	f := e.pickFault(c)
	a, done := e.faultBefore(c, f)
	if !done && c.collides {
		a, done = noContent(), true
	}
	if done {
		e.recognize(c)
	} else {
		a = e.serve(c)
		a = e.faultAfter(c, f, a)
	}
	c.seen.Status, c.seen.RetryAfter = a.status, a.header.Get("Retry-After")
	if a.sent == sentNothing {
		c.seen.Status = 0
	}
	e.record.add(c.seen)
	if e.opts.OnRequest != nil {
		e.opts.OnRequest(c.seen)
	}
	return a
}

// recognize has the record say whose request it was that a fault answered: whom the token,
// or the path and the client id of a request for one, names. What is wrong with either is
// not said.
func (e *Emulator) recognize(c *call) {
	switch {
	case c.token != nil: // in a batch, or a challenge
	case isGraph(c.path):
		_ = e.authenticate(c)
	default:
		name, _, _ := strings.Cut(strings.TrimPrefix(c.path, "/"), "/")
		c.seen.Tenant, _ = e.signInTenant(name)
		if form, err := c.tokenForm(); err == nil {
			c.seen.App = strings.ToLower(form.Get("client_id"))
		}
	}
}

// serve answers as an undisturbed Graph.
func (e *Emulator) serve(c *call) answer {
	a, err := e.answer(c)
	if err != nil {
		return c.refusal(err)
	}
	return a
}

func (e *Emulator) answer(c *call) (answer, error) {
	if !isGraph(c.path) {
		return e.identity(c), nil
	}
	if c.token == nil {
		if err := e.authenticate(c); err != nil {
			return answer{}, err
		}
	}
	if strings.HasSuffix(c.path, "/$batch") && strings.Count(c.path, "/") == 2 {
		return e.serveBatch(c)
	}
	return e.graph(c)
}

// wait holds a call back for d, or until a channel is closed, at most MaxHold.
func (e *Emulator) wait(c *call, d time.Duration, until <-chan struct{}) {
	limit := e.opts.MaxHold
	if until == nil || d > 0 {
		limit = min(d, limit)
	}
	if limit <= 0 {
		return
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-until: // never, if nil
	case <-c.ctx.Done():
	}
}

// retryAfter makes the header of a refusal that says when to come back.
func retryAfter(seconds string) http.Header {
	if seconds == "" {
		return nil
	}
	return http.Header{"Retry-After": {seconds}}
}
