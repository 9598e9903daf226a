package graph

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"time"

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
		InnerError struct {
			RequestID text `json:"request-id"`
		} `json:"innerError"`
	} `json:"error"`
}

// text is a string, or "" if something else stands there: one odd field must not
// cost us the others.
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

// A code looks like "badRequest" or "Request_ResourceNotFound".
// Other texts are dropped, so that nothing else comes out in a code's place.
var codeForm = regexp.MustCompile(`^[A-Za-z][A-Za-z_.-]{1,63}$`)

func codeOf(resp *http.Response) string {
	if code := string(envelopeOf(resp).Error.Code); codeForm.MatchString(code) {
		return code
	}
	return ""
}

func requestIDOf(resp *http.Response) string {
	for _, id := range []string{resp.Header.Get("request-id"), string(envelopeOf(resp).Error.InnerError.RequestID)} {
		if isGUID(id) {
			return id
		}
	}
	return ""
}

func isGUID(s string) bool { return len(s) == 36 && uuid.Validate(s) == nil }

// longestWait is believed of no server. Who asks for more gets this much.
const longestWait = 24 * time.Hour

// retryAfterOf reads Retry-After, in seconds or as a date. A date is taken against
// the server's own clock where the answer tells it. Nothing, nonsense and the past
// are 0.
//
// Source: https://learn.microsoft.com/graph/throttling
func retryAfterOf(resp *http.Response) time.Duration {
	value := resp.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, longestWait)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(at.Sub(now), 0), longestWait)
}
