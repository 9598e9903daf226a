package graph_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/entraops/phone-operator/internal/graph"
)

func TestAnIDOfARequestIsAGUID(t *testing.T) {
	for name, tc := range map[string]struct{ says, want string }{
		"Graph's":                      {requestID, requestID},
		"none":                         {"", ""},
		"a gateway's, of another form": {"req-42", ""},
		"a name that came along":       {"ada@contoso.example", ""},
		"a GUID and more":              {requestID + " +12065550100", ""},
		"a GUID in braces":             {"{" + requestID + "}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := graph.RequestID(http.Header{"Request-Id": {tc.says}}); got != tc.want {
				t.Errorf("of a success: %q", got)
			}
			c := newClient(t, over(func(r *http.Request) (*http.Response, error) {
				return reply{status: 403, header: map[string]string{"request-id": tc.says}}.response(r), nil
			}))
			if got := failure(t, c.EnableSMSSignIn(context.Background(), adaID)).RequestID; got != tc.want {
				t.Errorf("of a failure: %q", got)
			}
		})
	}
}
