package main

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
)

// entry is one answer in the recording. Nothing in it tells the tenant, the user or a number.
type entry struct {
	Asks   string `json:"asks"`
	Method string `json:"method"`
	Path   string `json:"path"` // the template
	Body   any    `json:"body,omitempty"`

	Status int `json:"status"`
	// Code and Message are those of the error, masked; empty for an answer that is none.
	Code    string            `json:"code,omitempty"`
	Message string            `json:"message,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	// Shape is the body with its keys; of values the type only, but for those that are words of Graph's.
	Shape any `json:"shape,omitempty"`
}

// headers are the ones that tell something of Graph's habits.
var headers = []string{
	"Allow", "Content-Type", "Location", "OData-Version", "Retry-After", "WWW-Authenticate", "client-request-id", "request-id",
	"x-ms-resource-unit", "x-ms-throttle-information", "x-ms-throttle-limit-percentage", "x-ms-throttle-scope",
}

// words are the keys whose values are Graph's own words, or are masked so that their form is seen.
var words = []string{"@odata.type", "phoneType", "smsSignInState", "phoneNumber", "code", "message", "errorCode", "status", "Content-Type"}

func (w *witness) entry(s step, r reply) entry {
	e := entry{Asks: s.asks, Method: s.method, Path: s.path, Status: r.status, Headers: map[string]string{}}
	if s.body != nil {
		e.Body = w.shape("", generic(s.body))
	}
	for _, name := range headers {
		v := r.header.Get(name)
		switch {
		case v == "":
		case name == "Location" || name == "WWW-Authenticate":
			e.Headers[name] = w.mask(v)
		default: // figures are what they are recorded for
			e.Headers[name] = w.maskNames(v)
		}
	}
	if len(r.body) == 0 {
		return e
	}
	var body any
	if json.Unmarshal(r.body, &body) != nil {
		e.Shape = "not JSON"
		return e
	}
	if object, ok := body.(map[string]any); ok {
		if failure, ok := object["error"].(map[string]any); ok {
			code, _ := failure["code"].(string)
			message, _ := failure["message"].(string)
			e.Code, e.Message = w.mask(code), w.mask(message)
		}
	}
	e.Shape = w.shape("", body)
	return e
}

// generic is a value as JSON has it.
func generic(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // the steps are our own
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		panic(err)
	}
	return out
}

// shape is what may be shown of a body.
func (w *witness) shape(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, value := range v {
			out[w.mask(k)] = w.shape(k, value)
		}
		return out
	case []any:
		if key == "responses" { // of a batch, in any order
			slices.SortStableFunc(v, func(a, b any) int { return cmp.Compare(idOf(a), idOf(b)) })
		}
		out := []any{}
		for _, value := range v {
			out = append(out, w.shape(key, value))
		}
		return out
	case string:
		if slices.Contains(words, key) {
			return w.mask(v)
		}
		return "string"
	case float64:
		if key == "status" {
			return v
		}
		return "number"
	default:
		return v // true, false, null
	}
}

var (
	guid    = regexp.MustCompile(`(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	email   = regexp.MustCompile(`[^\s'"<>@/()]+@[^\s'"<>@/()]+`)
	address = regexp.MustCompile(`https?://[^/\s'"]+`)
	moment  = regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:.]+Z?`)
	opaque  = regexp.MustCompile(`[A-Za-z0-9+_=-]{32,}`)
	digit   = regexp.MustCompile(`[0-9]`)
)

// mask takes out of a text of Graph's all that could name somebody: ids, names, addresses, and each digit of what is
// left, so that the form of a number is seen and the number is not.
func (w *witness) mask(text string) string {
	return digit.ReplaceAllLiteralString(w.maskNames(text), "9")
}

// maskNames is mask without the digits.
func (w *witness) maskNames(text string) string {
	local, domain, _ := strings.Cut(w.user.UserPrincipalName, "@")
	known := []string{w.user.ID, "{user}", w.user.UserPrincipalName, "{upn}", local, "{name}", domain, "{domain}"}
	for _, t := range order {
		known = append(known, graph.MethodID(phone.Type(t)), "{"+t+"}")
	}
	for i := 0; i < len(known); i += 2 {
		text = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(known[i])).ReplaceAllLiteralString(text, known[i+1])
	}
	text = guid.ReplaceAllLiteralString(text, "<guid>")
	text = moment.ReplaceAllLiteralString(text, "<time>")
	text = address.ReplaceAllLiteralString(text, "<host>")
	text = email.ReplaceAllLiteralString(text, "<name>")
	return opaque.ReplaceAllStringFunc(text, func(s string) string {
		if !strings.ContainsAny(s, "0123456789") { // a long word, not a token
			return s
		}
		return "<opaque>"
	})
}

func idOf(part any) string {
	object, _ := part.(map[string]any)
	id, _ := object["id"].(string)
	return id
}
