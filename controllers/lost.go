package controllers

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
)

// lostFor is how long a write is answered in words that mean nothing before its resource
// says so: a route that is lost for a moment is no news.
const lostFor = 3 * time.Minute

// lost is what a write was answered that means nothing: not by the service that knows.
type lost struct {
	since time.Time // when it was answered so first, with nothing else since
	said  string    // "HTTP 404 UnknownError"
}

// after returns what is known after one more answer to the same write.
func (l lost) after(err error, at time.Time) lost {
	failure, ok := errors.AsType[*graph.Error](err)
	if !ok || failure.Kind != graph.Unclear || failure.Status < 400 || failure.Status >= 500 {
		return lost{}
	}
	if l.since.IsZero() {
		l.since = at
	}
	l.said = strings.TrimSpace(fmt.Sprintf("HTTP %d %s", failure.Status, failure.Code))
	return l
}

// long reports whether the write is answered so for long enough to say it.
func (l lost) long(now time.Time) bool { return !l.since.IsZero() && now.Sub(l.since) >= lostFor }
