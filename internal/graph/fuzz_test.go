package graph_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
)

var digits = regexp.MustCompile(`\d{7,}`)

// FuzzResponse gives any status, headers and bytes as Graph's answer to every call.
func FuzzResponse(f *testing.F) {
	f.Add(200, "", listBody, 0)
	f.Add(200, "", `{"id":"`+adaID+`","userPrincipalName":"ada@contoso.example"}`, 0)
	f.Add(201, "", `{"value":[null],"@odata.nextLink":"?"}`, 0)
	f.Add(200, "", `{"value":[{"@odata.type":"#microsoft.graph.group","isAssignableToRole":true}]}`, 3)
	f.Add(400, "2", said("badRequest", "+1 2065550100"), 0)
	f.Add(409, "", said("phoneNumberNotUnique", ""), 0)
	f.Add(429, "Wed, 02 Jan 2030 03:04:35 GMT", `{"error":null}`, 0)
	f.Add(503, "-1", `{"error":{"innerError":[]}}`, 0)
	f.Add(500, "99999999999999999999", "\ufeff", 1)
	f.Fuzz(func(t *testing.T, status int, wait, body string, cutAt int) {
		if status < 200 || status > 599 {
			return
		}
		c := newClient(t, over(func(r *http.Request) (*http.Response, error) {
			resp := reply{status: status, body: body}.response(r)
			resp.Header["Retry-After"] = []string{wait}
			if cutAt > 0 && cutAt < len(body) {
				resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(body[:cutAt]), broken{}))
			}
			return resp, nil
		}))
		// A deadline that is over before azcore's first pause keeps the fuzzing fast.
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		for op, do := range operations(number(t, "+12065550187x40917")) {
			err := do(ctx, c)
			if err == nil {
				if status >= 300 {
					t.Errorf("%s: HTTP %d is a success", op, status)
				}
				continue
			}
			e := failure(t, err)
			switch e.Kind {
			case graph.Refused, graph.NumberNotUnique, graph.NotFound, graph.Forbidden, graph.Throttled, graph.Unavailable,
				graph.TokenRefused, graph.Busy:
			case graph.Unclear, graph.InvalidNumber:
				if isRead(op) {
					t.Errorf("a read is what only a write can be: %v", e)
				}
			default:
				t.Errorf("kind %q", e.Kind)
			}
			if e.RetryAfter < 0 {
				t.Errorf("retry after %v", e.RetryAfter)
			}
			text := strings.NewReplacer(e.RequestID, "", e.ClientRequestID, "").Replace(e.Error())
			if digits.MatchString(text) {
				t.Errorf("digits in the error: %s", e)
			}
		}
	})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("cut") }
