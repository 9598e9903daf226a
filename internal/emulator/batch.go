package emulator

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

const maxBatch = 20

// step is one request of a batch.
// https://learn.microsoft.com/graph/json-batching
type step struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

func (s step) name() string { return strings.ToLower(s.ID) }

// stepReply is one response of a batch.
type stepReply struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    any               `json:"body,omitempty"`
}

// serveBatch answers POST /{version}/$batch. A batch without dependencies runs in an
// order of the emulator's own, that of the seed, and every batch is answered in one. The
// envelope itself is not metered, each request inside is.
func (e *Emulator) serveBatch(c *call) (answer, error) {
	if c.unreadable != nil {
		return answer{}, c.unreadable
	}
	if c.method != http.MethodPost {
		return answer{}, errVerbNotAllowed()
	}
	if err := c.readTarget(); err != nil {
		return answer{}, err
	}
	steps, err := c.steps()
	if err != nil {
		return answer{}, err
	}
	calls := make([]*call, len(steps))
	for i, s := range steps {
		if calls[i], err = c.inner(s); err != nil {
			return answer{}, err
		}
	}
	collide(steps, calls)
	outer := answer{}
	failed := map[string]bool{}
	replies := make([]stepReply, len(steps))
	for _, i := range e.orderOf(steps) {
		a := e.runStep(steps[i], calls[i], failed)
		failed[steps[i].name()] = a.status >= http.StatusBadRequest
		replies[i] = replyOf(steps[i].ID, a)
		outer.disturb(a)
	}
	shuffled := make([]stepReply, 0, len(steps))
	for _, i := range e.shuffled(len(steps)) {
		shuffled = append(shuffled, replies[i])
	}
	outer.status, outer.body = http.StatusOK, map[string]any{"responses": shuffled}
	return outer, nil
}

func (e *Emulator) runStep(s step, c *call, failed map[string]bool) answer {
	for _, id := range s.DependsOn {
		if failed[strings.ToLower(id)] {
			return c.refusal(errDependency())
		}
	}
	return e.exchange(c)
}

// collide marks the deletions of a user's methods that come beside another one in a batch
// without an order. Of those that came so, some were not done, and said to be.
//
// Source: https://github.com/KelvinTegelaar/CIPP-API/issues/1938
func collide(steps []step, calls []*call) {
	deletes := map[string]bool{}
	for i, c := range calls {
		user, method, found := strings.Cut(strings.ToLower(c.path), "/authentication/")
		if !found || method == "" || c.method != http.MethodDelete || len(steps[i].DependsOn) > 0 {
			continue
		}
		c.collides, deletes[user] = deletes[user], true
	}
}

// inner makes a call of a step. It acts with the batch's token and carries the
// batch's request id, as Graph's answers do.
func (c *call) inner(s step) (*call, error) {
	target, err := url.Parse("/" + c.version + "/" + strings.TrimPrefix(s.URL, "/"))
	if err != nil || strings.Contains(s.URL, "://") || strings.Contains(strings.ToLower(s.URL), "$batch") {
		return nil, errBatch("The url of a request is not a relative resource path.")
	}
	n := *c
	n.header = http.Header{}
	for name, value := range s.Headers {
		n.header.Set(name, value)
	}
	n.method, n.path, n.query = strings.ToUpper(s.Method), target.EscapedPath(), target.RawQuery
	n.body, n.batch = s.Body, c.requestID
	n.clientID = clientRequestID(n.header, c.clientID)
	n.glyph, n.lag, n.seen = "", nil, Request{}
	return &n, nil
}

// replyOf writes an answer as a part of the batch's. What is not JSON is base64.
func replyOf(id string, a answer) stepReply {
	reply := stepReply{ID: id, Status: a.status, Headers: map[string]string{}, Body: a.body}
	for name := range a.header {
		reply.Headers[name] = a.header.Get(name)
	}
	if media := a.media(); media != "" {
		reply.Headers["Content-Type"] = media
		reply.Headers["Cache-Control"] = "no-cache"
	}
	if a.text != "" {
		reply.Body = base64.StdEncoding.EncodeToString([]byte(a.text))
	}
	return reply
}

// disturb carries a fault of one step over to the answer that holds all of them.
func (a *answer) disturb(inner answer) {
	if inner.sent == sentNothing || a.sent == sentWhole {
		a.sent = inner.sent
	}
	if a.raw == nil {
		a.raw = inner.raw
	}
}
