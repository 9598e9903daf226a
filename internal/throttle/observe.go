package throttle

import (
	"math/rand/v2"
	"net/http"
	"time"
)

// How long the pause is after a 429 that does not say: doubled with each in a row of
// its class, up to the longest.
const (
	firstPause   = 5 * time.Second
	longestPause = 5 * time.Minute
)

// observe learns from the answer to a request, and pauses if Graph asks for it.
func (t *Throttle) observe(s sent, status int, h http.Header) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	bucket := &t.buckets[s.class]
	wait, said := RetryAfter(h, now)
	// Requests that were on their way when the pause began tell the same again.
	news := s.sequence > t.pause.after
	switch {
	case status == http.StatusTooManyRequests:
		if news {
			bucket.estimator.observe429(now)
		}
		bucket.observe(now, limitShare(h))
		if !said {
			wait = min(firstPause<<min(t.pause.unsaid[s.class], 10), longestPause)
			wait += rand.N(wait / 2)
			if !news {
				return
			}
			t.pause.unsaid[s.class]++
		}
	case status == http.StatusServiceUnavailable && said:
	default:
		bucket.observe(now, limitShare(h))
		if status < 300 && news { // of another class it says nothing of this one
			t.pause.unsaid[s.class] = 0
		}
		return
	}
	// A longer wait is not shortened by the answer to an earlier request.
	if until := now.Add(wait); until.After(t.pause.until) {
		t.pause.until = until
		bucket.empty(now, until)
	}
	if news {
		t.pause.after = t.last
	}
}
