package throttle

import (
	"net/http"
	"strconv"
	"time"
)

// How long a server may ask to be left alone. Who asks for more gets this much. A
// date that can only be read against our own clock is believed for less: a clock that
// is hours off would stop a tenant for hours.
const (
	longestWait    = 24 * time.Hour
	longestUnknown = 5 * time.Minute
)

// RetryAfter reads the Retry-After of an answer, in seconds or as a date, and reports
// whether it asks for a pause at all: nothing, nonsense, zero and the past do not. A
// date is taken against the server's own clock, the Date of the answer; now is for
// answers without one.
//
// Source: https://learn.microsoft.com/graph/throttling,
// https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
func RetryAfter(h http.Header, now time.Time) (pause time.Duration, asked bool) {
	value, longest := h.Get("Retry-After"), longestWait
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		pause = time.Duration(seconds) * time.Second
	} else if until, err := http.ParseTime(value); err == nil {
		if theirs, err := http.ParseTime(h.Get("Date")); err == nil {
			now = theirs
		} else {
			longest = longestUnknown
		}
		pause = until.Sub(now)
	}
	pause = min(max(pause, 0), longest)
	return pause, pause > 0
}

// limitShare returns how much of the limit is used, 1 being all of it; 0 if Graph does
// not say.
func limitShare(h http.Header) float64 {
	share, err := strconv.ParseFloat(h.Get("x-ms-throttle-limit-percentage"), 64)
	if err != nil || !(share > 0 && share < 10) {
		return 0
	}
	return share
}
