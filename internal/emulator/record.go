package emulator

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
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
	RetryAfter      string      `json:"retryAfter,omitempty"` // as it was answered
	Fault           string      `json:"fault,omitempty"`      // name or effect of the fault that hit it
	Header          http.Header `json:"header,omitempty"`
	Body            string      `json:"body,omitempty"` // unpacked; without secrets
}

var phoneMethodsPath = regexp.MustCompile(`/authentication/phoneMethods(/|\(|$)`)

// IsWrite reports whether the request asked to change a phone method.
func (r Request) IsWrite() bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && phoneMethodsPath.MatchString(r.Path)
}

// LogPath is the path with nothing personal in it: words of Graph's own and GUIDs
// stay, the key of a user becomes the object id, all else becomes a dash.
func (r Request) LogPath() string {
	var steps []string
	for segment := range strings.SplitSeq(strings.Trim(r.Path, "/"), "/") {
		name, _, keyed := strings.Cut(segment, "(")
		afterUsers := len(steps) > 0 && steps[len(steps)-1] == "users"
		switch {
		case keyed && name == "users":
			steps = append(steps, "users", orDash(r.User))
		case keyed:
			steps = append(steps, logged(name), "-")
		case afterUsers:
			steps = append(steps, orDash(r.User))
		default:
			steps = append(steps, logged(name))
		}
	}
	return "/" + strings.Join(steps, "/")
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func logged(segment string) string {
	if ownWords()[segment] || uuid.Validate(segment) == nil {
		return segment
	}
	return "-"
}

// ownWords are the words that the paths of the emulator are made of.
var ownWords = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	patterns := []string{
		"v1.0/beta/$batch/me", "common/oauth2/v2.0/token",
		".well-known/openid-configuration", "discovery/keys/instance",
	}
	for _, r := range routes {
		patterns = append(patterns, r.pattern)
	}
	for _, p := range patterns {
		for word := range strings.SplitSeq(p, "/") {
			words[word] = true
		}
	}
	return words
})

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
	return append([]Request{}, r.list...)
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
