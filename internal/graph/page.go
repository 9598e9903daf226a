package graph

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Page is one page of a long list.
type Page[T any] struct {
	Rows []T
	// Next asks for the page after this one; "" if there is none.
	Next string
	// Now is what Graph's clock said; zero if it said nothing.
	Now time.Time
	// Count is how many rows all pages have. It is on the first one, where it was asked for.
	Count int
}

// pageBody is the answer to a request for a page.
type pageBody[T any] struct {
	Value    []T     `json:"value"`
	NextLink *string `json:"@odata.nextLink"` // nil on the last page
	Count    int     `json:"@odata.count"`    // 0: not asked for, or not on this page
	now      time.Time
}

func (p *pageBody[T]) complete() bool { return p.Value != nil }

func (p *pageBody[T]) heard(h http.Header) { p.now, _ = http.ParseTime(h.Get("Date")) }

// onePage reads one page of a collection: the first one by query, any other by what the page
// before it had as Next. Of the link to the next page that is the query only: the token goes
// to the address it was configured for.
//
// Source: https://learn.microsoft.com/graph/paging
func onePage[T any](ctx context.Context, c *Client, r call, query url.Values, next string) (Page[T], error) {
	if next == "" {
		next = strings.NewReplacer("+", "%20", "%24", "$").Replace(query.Encode()) // as Graph's pages write queries
	}
	if next != "" {
		r.path += "?" + next
	}
	var read pageBody[T]
	if err := c.send(ctx, r, &read); err != nil {
		return Page[T]{}, err
	}
	p := Page[T]{Rows: read.Value, Now: read.now, Count: read.Count}
	if read.NextLink == nil {
		return p, nil
	}
	link, err := url.Parse(*read.NextLink)
	if err != nil || link.RawQuery == "" || link.RawQuery == next {
		return Page[T]{}, endless(r.op)
	}
	p.Next = link.RawQuery
	return p, nil
}

// maxPages bounds a server that never comes to an end. A page has a hundred rows or more.
const maxPages = 100

// list reads a collection, all pages of it. The path of the call has the query of the first one.
func list[T any](ctx context.Context, c *Client, r call) ([]T, error) {
	var all []T
	path, next, _ := strings.Cut(r.path, "?")
	r.path = path
	for range maxPages {
		p, err := onePage[T](ctx, c, r, nil, next)
		if err != nil {
			return nil, err
		}
		all = append(all, p.Rows...)
		if next = p.Next; next == "" {
			return all, nil
		}
	}
	return nil, endless(r.op)
}

func endless(op string) *Error {
	return &Error{Kind: Unavailable, Op: op, Cause: "the pages of the answer do not come to an end"}
}
