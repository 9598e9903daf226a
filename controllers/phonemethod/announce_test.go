package phonemethod

import (
	"net/http"
	"testing"
)

func TestTheAuditLineNamesNoRequestByWhatIsNoID(t *testing.T) {
	const id = "3c1e2f9a-6f6e-4c43-9f6d-111111111111"
	for name, tc := range map[string]struct {
		answer *http.Response
		want   string
	}{
		"Graph's":     {&http.Response{Header: http.Header{"Request-Id": {id}}}, id},
		"a gateway's": {&http.Response{Header: http.Header{"Request-Id": {"ada@contoso.com"}}}, ""},
		"no answer":   {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := requestIDOf(tc.answer); got != tc.want {
				t.Errorf("%q", got)
			}
		})
	}
}
