package graph

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
)

// optional is a collection of role management that not every tenant has, or shows to
// this application. What it is like does not change from one request to the next: a
// refusal after an answer is a mistake of somebody's on the way, and to go on without
// the collection would be to take an administrator for nobody.
type optional struct {
	name     string
	missing  func(error) bool // whether a failure says that there is none
	answered atomic.Bool
	absent   atomic.Bool // it was said twice in a row
}

// rows returns what the collection has of one user; nothing where there is none.
func (o *optional) rows(ctx context.Context, c *Client, userID string) ([]assignmentBody, error) {
	rows, err := c.roleRows(ctx, o.name, userID)
	if o.missing(err) && !o.answered.Load() && !o.absent.Load() {
		if rows, err = c.roleRows(ctx, o.name, userID); o.missing(err) {
			o.absent.Store(true)
		}
	}
	switch {
	case err == nil:
		o.answered.Store(true)
		return rows, nil
	case !o.missing(err) || KindOf(err) == Forbidden && o.answered.Load():
		return nil, err
	case o.answered.Load():
		failure, _ := errors.AsType[*Error](err)
		doubtful := *failure
		doubtful.Kind, doubtful.Cause = Unavailable, "it answered before"
		return nil, &doubtful
	}
	return nil, nil
}

func notFound(err error) bool { return KindOf(err) == NotFound }

// closed says whether a collection is not for this application, or not in this tenant. A
// token that is not accepted (401) says nothing of what the collection holds: to go on
// without it would be to take an administrator for nobody.
func closed(err error) bool {
	var failure *Error
	if !errors.As(err, &failure) || failure.Status == http.StatusUnauthorized {
		return false
	}
	return failure.Kind == NotFound || failure.Kind == Forbidden || failure.Kind == Refused
}
