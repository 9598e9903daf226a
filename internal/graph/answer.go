package graph

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/google/uuid"
)

// envelope is how Graph writes errors. Keys match in any case, as they must: the
// documentation and the service differ in theirs.
//
// Source: https://learn.microsoft.com/graph/errors
type envelope struct {
	Error struct {
		Code       text `json:"code"`
		Message    text `json:"message"`
		InnerError struct {
			RequestID text `json:"request-id"`
		} `json:"innerError"`
	} `json:"error"`
}

// text is a string, or "" if something else stands there: one odd field must not
// cost us the others. It is for what is only told on, such as the codes and ids of an
// error. What a decision hangs on is a plain string: an odd one makes the whole answer
// unreadable.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*t = text(s)
	}
	return nil
}

// decode reads the answer's JSON. Its error holds parts of it and goes nowhere.
func decode(resp *http.Response, into any) error {
	body, err := runtime.Payload(resp)
	if err != nil {
		return err
	}
	return json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), into) // some gateways mark the encoding
}

func envelopeOf(resp *http.Response) envelope {
	var e envelope
	_ = decode(resp, &e) // any bytes may stand there; what can be read is
	return e
}

// A code looks like "badRequest" or "Request_ResourceNotFound"; a digit stands alone, as in
// "Authentication_RequestFromNonPremiumTenantOrB2CTenant". Other texts are dropped, so that
// nothing else comes out in a code's place.
var codeForm = regexp.MustCompile(`^[A-Za-z]([A-Za-z_.-]|[A-Z][0-9][A-Z]){1,63}$`)

// codeOf returns the code of an error, or "". PIM answers 400 or 403 with UnknownError and puts
// its own code into the message, which is JSON then.
//
// Source: https://github.com/microsoftgraph/microsoft-graph-docs/issues/22292
func codeOf(resp *http.Response) string {
	said := envelopeOf(resp).Error
	code := string(said.Code)
	if pim := resp.StatusCode == http.StatusBadRequest || resp.StatusCode == http.StatusForbidden; pim && code == unknownError {
		var inner struct {
			Code text `json:"errorCode"`
		}
		if json.Unmarshal([]byte(said.Message), &inner) == nil && codeForm.MatchString(string(inner.Code)) {
			code = string(inner.Code)
		}
	}
	if codeForm.MatchString(code) {
		return code
	}
	return ""
}

// unknownError is what Graph's front says when it passes on what it does not understand.
const unknownError = "UnknownError"

// RequestID returns Graph's id of a request from the header of its answer: a GUID, or
// "" if what stands there is none. Whatever is between us and Graph may write there,
// and the id goes into the log and into conditions.
func RequestID(h http.Header) string {
	if id := h.Get("request-id"); IsGUID(id) {
		return id
	}
	return ""
}

// requestIDOf is that of a failure, which Graph writes into the body as well.
func requestIDOf(resp *http.Response) string {
	if id := RequestID(resp.Header); id != "" {
		return id
	}
	if id := string(envelopeOf(resp).Error.InnerError.RequestID); IsGUID(id) {
		return id
	}
	return ""
}

// IsGUID reports whether s is a GUID as Entra writes object ids, in either case.
func IsGUID(s string) bool { return len(s) == 36 && uuid.Validate(s) == nil }
