package emulator

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Request is what the emulator saw of one request, and how it answered. Its Body
// and Path may hold personal data: they are for tests, not for logs.
type Request struct {
	Time            time.Time   `json:"time"`
	Method          string      `json:"method"`
	Path            string      `json:"path"` // with the version, without the query, escaped
	Query           string      `json:"query,omitempty"`
	Status          int         `json:"status"` // 0: the connection was cut
	Tenant          string      `json:"tenant,omitempty"`
	App             string      `json:"app,omitempty"`  // client id
	User            string      `json:"user,omitempty"` // object id, once the user was found
	PhoneType       string      `json:"phoneType,omitempty"`
	Batch           string      `json:"batch,omitempty"` // request id of the batch it came in
	RequestID       string      `json:"requestID"`
	ClientRequestID string      `json:"clientRequestID,omitempty"`
	Fault           string      `json:"fault,omitempty"` // the effect of the fault that hit it
	Header          http.Header `json:"header,omitempty"`
	Body            string      `json:"body,omitempty"` // unpacked; without secrets
}

var phoneMethodsPath = regexp.MustCompile(`/authentication/phoneMethods(/|\(|$)`)

// IsWrite says whether the request asked to change a phone method.
func (r Request) IsWrite() bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && phoneMethodsPath.MatchString(r.Path)
}

// LogPath is the path with nothing personal in it: every user key becomes the
// object id, or a dash where the user was not found.
func (r Request) LogPath() string {
	if !isGraph(r.Path) {
		return r.Path
	}
	segments := strings.Split(r.Path, "/")
	for i, s := range segments {
		name, _, keyed := strings.Cut(s, "(")
		switch {
		case keyed && strings.EqualFold(name, "users"):
			segments[i] = "users/" + orDash(r.User)
		case i > 0 && strings.EqualFold(segments[i-1], "users"):
			segments[i] = orDash(r.User)
		}
	}
	return strings.Join(segments, "/")
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// record is the memory of requests, oldest first.
type record struct {
	mu    sync.Mutex
	limit int
	list  []Request
}

func (r *record) add(q Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.list) >= r.limit {
		r.list = append(r.list[:0], r.list[len(r.list)/2+1:]...)
	}
	r.list = append(r.list, q)
}

func (r *record) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = nil
}

func (r *record) all() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.list)
}

// Requests gives every answered request in the order of the answers, token
// requests, batches and the requests inside them included.
func (e *Emulator) Requests() []Request { return e.record.all() }

// ResetRequests empties the record.
func (e *Emulator) ResetRequests() { e.record.clear() }

// Writes gives the requests that asked to change a phone method, those inside
// batches included, whatever they were answered.
func (e *Emulator) Writes() []Request {
	return slices.DeleteFunc(e.record.all(), func(r Request) bool { return !r.IsWrite() })
}

// firstSight is what the record knows of a call before it is worked on.
func (e *Emulator) firstSight(c *call) Request {
	header := c.header.Clone()
	header.Del("Authorization")
	body := string(c.body)
	if !isGraph(c.path) {
		body = withoutSecrets(body)
	}
	seen := Request{
		Time: c.now, Method: c.method, Path: c.path, Query: c.query, Batch: c.batch,
		RequestID: c.requestID, ClientRequestID: c.header.Get("client-request-id"), Header: header, Body: body,
	}
	if c.token != nil { // inside a batch
		seen.Tenant, seen.App = c.token.Tenant, c.token.App
	}
	return seen
}

// withoutSecrets keeps what a token request asked for and drops what proved it.
func withoutSecrets(form string) string {
	values, err := url.ParseQuery(form)
	if err != nil {
		return ""
	}
	values.Del("client_secret")
	values.Del("client_assertion")
	return values.Encode()
}
