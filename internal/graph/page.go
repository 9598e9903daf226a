package graph

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// datedPage is a page with the time of the answer, and how many rows all pages have.
type datedPage[T any] struct {
	page[T]
	Count int `json:"@odata.count"` // 0: not asked for, or not on this page
	now   time.Time
}

func (p *datedPage[T]) heard(h http.Header) { p.now, _ = http.ParseTime(h.Get("Date")) }

// onePage reads one page of a collection: the first one by query, any other by what the page
// before it had as Next. Of the link to the next page that is the query only: the token goes
// to the address it was configured for.
//
// Source: https://learn.microsoft.com/graph/paging
func onePage[T any](ctx context.Context, c *Client, r call, query url.Values, next string) (Page[T], error) {
	asked := next
	if asked == "" {
		asked = strings.NewReplacer("+", "%20", "%24", "$").Replace(query.Encode()) // as Graph's pages write queries
	}
	r.path += "?" + asked
	var read datedPage[T]
	if err := c.send(ctx, r, &read); err != nil {
		return Page[T]{}, err
	}
	p := Page[T]{Rows: read.Value, Now: read.now, Count: read.Count}
	if read.NextLink == nil {
		return p, nil
	}
	link, err := url.Parse(*read.NextLink)
	if err != nil || link.RawQuery == "" || link.RawQuery == asked {
		return Page[T]{}, &Error{Kind: Unavailable, Op: r.op, Cause: "the pages of the answer do not come to an end"}
	}
	p.Next = link.RawQuery
	return p, nil
}
