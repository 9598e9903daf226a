package graph_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
)

// A resource is let go when Graph says that its phone is deleted. Nothing else may say so.
func TestWhatPassesForADeletion(t *testing.T) {
	id := map[string]string{"request-id": requestID}
	for name, tc := range map[string]struct {
		reply
		want graph.Kind
	}{
		"no content":                    {reply{status: 204, header: id}, ""},
		"no content, of who knows whom": {reply{status: 204}, graph.Unclear},
		"an answer without a body":      {reply{status: 200, header: id}, ""},
		"an answer with the method":     {reply{status: 200, header: id, body: `{"id":"x"}`}, ""},
		"a page through the front":      {reply{status: 200, header: id, body: "<html>blocked</html>"}, graph.Unclear},
		"an error that is no error":     {reply{status: 200, header: id, body: said("generalException", "")}, graph.Unclear},
		"an error with the id in it":    {reply{status: 200, body: said("generalException", "")}, graph.Unclear},
		"a body that is cut":            {reply{status: 200, header: id, body: `{"id":`}, graph.Unclear},
		"a promise":                     {reply{status: 202, header: id}, graph.Unclear},
		"an answer of several statuses": {reply{status: 207, header: id}, graph.Unclear},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, over(func(r *http.Request) (*http.Response, error) { return tc.response(r), nil }))
			if got := graph.KindOf(c.DeletePhoneMethod(context.Background(), adaID, phone.Mobile)); got != tc.want {
				t.Errorf("a deletion is %q, want %q", got, tc.want)
			}
		})
	}
}

// What a cache on the way has of somebody else must not be written to.
func TestAnAnswerAboutAnotherUser(t *testing.T) {
	const other = "0f1c0000-0000-4000-8000-000000000002"
	c := newClient(t, over(func(r *http.Request) (*http.Response, error) {
		return reply{status: 200, body: `{"id":"` + other + `","userPrincipalName":"ben@contoso.example"}`}.response(r), nil
	}))
	if u, err := c.User(context.Background(), adaID); graph.KindOf(err) != graph.Unavailable {
		t.Errorf("%+v, %v; want no user", u, err)
	}
	if u, err := c.User(context.Background(), "ben@contoso.example"); err != nil || u.ID != other {
		t.Errorf("by name: %+v, %v", u, err)
	}
}

// A page that leads to itself is asked for twice, not a hundred times.
func TestAPageThatLeadsToItself(t *testing.T) {
	asked := 0
	c := newClient(t, over(func(r *http.Request) (*http.Response, error) {
		asked++
		return reply{status: 200, body: `{"value":[],"@odata.nextLink":"https://graph.example/v1.0/x?$skiptoken=a"}`}.response(r), nil
	}))
	if _, err := c.PhoneMethods(context.Background(), adaID); graph.KindOf(err) != graph.Unavailable || asked != 2 {
		t.Errorf("%v after %d requests; want two", err, asked)
	}
}
