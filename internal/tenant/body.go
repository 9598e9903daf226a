package tenant

import (
	"bytes"
	"io"
	"net/http"
)

// ownBody gives each request on the wire a copy of its body.
//
// Where an answer comes before the whole body is sent, net/http goes on reading the body after it has
// returned the answer. azcore has one reader for all attempts of a call, and rewinds it
// for the next one, and for a redirect even if it is not followed: what goes on reading would
// then take bytes away from the next attempt.
type ownBody struct{ *http.Transport }

// RoundTrip implements [http.RoundTripper]. Bodies are small here: a phone, a form of the token endpoint.
func (t ownBody) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return t.Transport.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if closed := r.Body.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	own := *r // a RoundTripper changes no request
	own.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	own.Body, _ = own.GetBody()
	return t.Transport.RoundTrip(&own)
}
