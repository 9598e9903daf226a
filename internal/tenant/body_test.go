package tenant_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"

	"github.com/entraops/phone-operator/internal/tenant"
)

// azcore rewinds a body for the next attempt while net/http may still send the one before.
func TestABodyThatIsReadElsewhereIsSentWhole(t *testing.T) {
	const want = `{"phoneType":"mobile"}`
	var got string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = string(b)
	}))
	t.Cleanup(s.Close)
	o, err := tenant.Place{}.GraphOptions(nil)
	must(t, err)
	shared := strings.NewReader(want)
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{GetConn: func(string) {
		_, err := shared.Seek(0, io.SeekEnd)
		must(t, err)
	}})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, io.NopCloser(shared))
	must(t, err)
	req.ContentLength = int64(len(want))
	resp, err := o.Transport.Do(req)
	must(t, err)
	must(t, resp.Body.Close())
	if got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
}
