package graph_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/throttle"
)

// What the throttle does not admit was not sent, so even a write is not unclear, and
// azcore does not try again.
func TestWhatIsNotAdmittedIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := throttle.New(time.Now, nil, "contoso")
		sent := 0
		c, err := graph.New(graph.Options{
			Credential: staticToken{}, Endpoint: "https://graph.example", Throttle: limits,
			Transport: transport(func(r *http.Request) (*http.Response, error) {
				sent++
				return reply{status: 429, header: map[string]string{"Retry-After": "30"}}.response(r), nil
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.User(t.Context(), adaID); failure(t, err).Status != 429 {
			t.Fatal(err)
		}
		_, read := c.PhoneMethods(t.Context(), adaID)
		for op, err := range map[string]error{"read": read, "write": c.EnableSMSSignIn(t.Context(), adaID)} {
			if e := failure(t, err); e.Kind != graph.Throttled || e.Status != 0 || e.RetryAfter != 30*time.Second {
				t.Errorf("%s: %v", op, err)
			}
		}
		if sent != 1 {
			t.Errorf("%d requests were sent", sent)
		}
	})
}

// What Graph allows of reports is another limit: running into it holds up nobody. A pause that
// Graph asks for otherwise is kept by all.
func TestALimitOfTheReportsHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refused, sent []string
		c := newClient(t, func(o *graph.Options) { o.Throttle = throttle.New(time.Now, nil, "contoso") }, over(func(r *http.Request) (*http.Response, error) {
			sent = append(sent, r.URL.Path)
			for _, part := range refused {
				if strings.Contains(r.URL.Path, part) {
					return reply{status: 429, header: map[string]string{"Retry-After": "30"}}.response(r), nil
				}
			}
			return reply{status: 200, body: `{"value":[]}`}.response(r), nil
		}))
		refused = []string{"/auditLogs/", "/reports/"}
		_, audits := c.AuditRecords(t.Context(), time.Now(), "")
		_, report := c.Registrations(t.Context(), "")
		for _, err := range []error{audits, report} {
			if e := failure(t, err); e.Kind != graph.Throttled || e.RetryAfter != 30*time.Second {
				t.Error(err)
			}
		}
		_, err := c.PhoneMethods(t.Context(), adaID)
		must(t, err)

		refused = []string{"/authentication/"}
		if _, err := c.PhoneMethods(t.Context(), adaID); graph.KindOf(err) != graph.Throttled {
			t.Error(err)
		}
		sent = nil
		if _, err := c.AuditRecords(t.Context(), time.Now(), ""); failure(t, err).RetryAfter != 30*time.Second || len(sent) != 0 {
			t.Errorf("in a pause: %v, %d sent", err, len(sent))
		}
	})
}

func TestTheKindOfARejection(t *testing.T) {
	for reason, want := range map[throttle.Reason]graph.Kind{
		throttle.Paused: graph.Throttled, throttle.RateLimited: graph.Throttled, throttle.CircuitOpen: graph.Unavailable,
	} {
		e := graph.NotAdmitted("begin", &throttle.Rejected{Reason: reason, RetryAfter: time.Second})
		if e.Kind != want || e.RetryAfter != time.Second || e.Unanswered() {
			t.Errorf("%s: %v", reason, e)
		}
	}
}
