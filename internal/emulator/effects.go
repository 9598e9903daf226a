package emulator

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// faultBefore does what a fault does before the work. done means that there is no
// work any more.
func (e *Emulator) faultBefore(c *call, f *Fault) (a answer, done bool) {
	if f == nil {
		return answer{}, false
	}
	switch f.Effect {
	case Lag:
		c.lag = f
	case Mask:
		c.glyph = f.Glyph
		if c.glyph == "" {
			c.glyph = "*"
		}
	case DeleteUser:
		e.deleteUserOf(c)
	case ExpiredToken:
		return c.refusal(errTokenExpired(c)), true
	case ClaimsChallenge:
		return c.refusal(e.challenge(c)), true
	case Answer:
		if !f.AfterWork {
			return c.refusal(f.refusal(c)), true
		}
	case Cut:
		if !f.AfterWork {
			return answer{sent: sentNothing}, true
		}
	case Late:
		go e.workLater(*c, f)
		return answer{sent: sentNothing}, true
	case Delay:
		if !f.AfterWork {
			e.wait(c, f.Delay, f.Hold)
		}
	case Half, Garble: // after the work
	}
	return answer{}, false
}

// faultAfter does what a fault does to the answer of work that is done.
func (e *Emulator) faultAfter(c *call, f *Fault, a answer) answer {
	switch {
	case f == nil:
	case f.Effect == Half:
		a.sent = sentHalf
	case f.Effect == Garble:
		a.raw = []byte(`{"value":[{"id":`)
	case !f.AfterWork:
	case f.Effect == Answer:
		return c.refusal(f.refusal(c))
	case f.Effect == Cut:
		a.sent = sentNothing
	case f.Effect == Delay:
		e.wait(c, f.Delay, f.Hold)
	}
	return a
}

// workLater does the work of a call that nobody waits for any more.
func (e *Emulator) workLater(c call, f *Fault) {
	c.ctx = context.WithoutCancel(c.ctx)
	e.wait(&c, f.Delay, f.Hold)
	e.serve(&c)
}

// refusal is the error a fault answers with, by default in Graph's usual words.
func (f *Fault) refusal(c *call) *graphError {
	retry := f.Retry
	if f.RetryIn > 0 {
		retry = c.clock.Add(f.RetryIn).UTC().Format(http.TimeFormat)
	}
	g := &graphError{status: f.Status, code: f.Code, message: http.StatusText(f.Status), header: retryAfter(retry)}
	switch f.Status {
	case http.StatusTooManyRequests:
		g.message = "Please retry again later."
		g.inner = map[string]any{"code": "429", "status": "429", "message": "Please retry after"}
		g.defaultCode("TooManyRequests")
	case http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		g.defaultCode("serviceNotAvailable")
	default:
		g.defaultCode("UnknownError")
	}
	return g
}

func (g *graphError) defaultCode(code string) {
	if g.code == "" {
		g.code = code
	}
}

// deleteUserOf removes the user a path names.
func (e *Emulator) deleteUserOf(c *call) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.readTarget() != nil || len(c.parts) < 2 {
		return
	}
	for _, t := range e.tenants {
		if u := t.lookUp(c.parts[1].text); u != nil {
			t.remove(u)
		}
	}
}

// seconds writes a duration for Retry-After, never less than it is.
func seconds(d time.Duration) string {
	return strconv.Itoa(int((d + time.Second - 1) / time.Second))
}
