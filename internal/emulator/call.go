package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// call is one request on its way: one HTTP request, or one of those inside a batch.
type call struct {
	ctx    context.Context
	now    time.Time
	clock  time.Time // what Graph takes now for: now and the skew
	base   string    // https://host:port
	method string
	path   string // escaped, with the version
	query  string
	header http.Header
	body   []byte
	// unreadable is why the body could not be read, answered once the caller is known.
	unreadable error

	version string // v1.0 or beta
	parts   []part
	options options

	requestID string
	clientID  string
	batch     string // request id of the batch it came in
	collides  bool   // with another deletion of the user in the same batch
	origin    *http.Request

	token  *claims
	tenant *tenant
	used   float64 // share of the throttling limit

	settings settings

	// What faults do to it.
	glyph string // numbers are shown masked with this
	lag   *Fault // reads fall behind what it writes

	seen Request // what the record will say
}

func (e *Emulator) newCall(r *http.Request) *call {
	c := &call{
		ctx: r.Context(), now: e.opts.Now(), clock: e.clock(), base: "https://" + r.Host,
		method: r.Method, path: r.URL.EscapedPath(), query: r.URL.RawQuery,
		header: r.Header, origin: r, requestID: uuid.NewString(), settings: e.currentSettings(),
	}
	c.body, c.unreadable = readBody(r)
	c.clientID = clientRequestID(r.Header, c.requestID)
	return c
}

// clientRequestID echoes the caller's id where it is a GUID.
func clientRequestID(h http.Header, otherwise string) string {
	if id := h.Get("client-request-id"); uuid.Validate(id) == nil {
		return id
	}
	return otherwise
}

// answer is what goes back.
type answer struct {
	status int
	header http.Header
	body   any    // marshalled as JSON
	text   string // or sent as text/plain
	raw    []byte // or sent as it is
	sent   delivery
}

// delivery is how much of an answer reaches the caller.
type delivery int

const (
	sentWhole delivery = iota
	sentNothing
	sentHalf
)

func okJSON(body any) answer    { return answer{status: http.StatusOK, body: body} }
func noContent() answer         { return answer{status: http.StatusNoContent} }
func okText(text string) answer { return answer{status: http.StatusOK, text: text} }

// graphJSON is the media type of Graph's answers.
const graphJSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

// refusal turns an error into Graph's envelope.
func (c *call) refusal(err error) answer {
	g, known := errors.AsType[*graphError](err)
	if !known {
		g = &graphError{status: http.StatusInternalServerError, code: "UnknownError", message: "The emulator failed."}
	}
	status, code := g.status, g.code
	if g.guess != "" {
		as := c.assume(g.guess)
		status, code = as.status, as.code
	}
	inner := map[string]any{
		"date": c.clock.UTC().Format("2006-01-02T15:04:05"), "request-id": c.requestID, "client-request-id": c.clientID,
	}
	if g.repeat {
		inner["message"] = g.message
	}
	maps.Copy(inner, g.inner)
	return answer{
		status: status, header: g.header.Clone(),
		body: map[string]any{"error": map[string]any{"code": code, "message": g.message, "innerError": inner}},
	}
}

// media is the type of the body, empty for an answer without one.
func (a answer) media() string {
	switch {
	case a.raw != nil:
		return "application/json"
	case a.text != "":
		return "text/plain"
	case a.body == nil:
		return ""
	case a.status >= http.StatusBadRequest:
		return "application/json"
	default:
		return graphJSON
	}
}

// bytes gives the body as it goes over the wire.
func (a answer) bytes() []byte {
	switch {
	case a.raw != nil:
		return a.raw
	case a.text != "":
		return []byte(a.text)
	case a.body == nil:
		return nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(a.body); err != nil {
		panic(err) // bodies are built of strings, numbers and maps
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
