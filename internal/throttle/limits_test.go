package throttle

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/entraops/phone-operator/internal/emulator/limit"
)

// limits limit requests with the buckets of the emulator, and answer nothing else. They
// check no tokens, which is what the emulator spends its time on: a minute of a simulation
// costs a twentieth.
type limits struct {
	mu      sync.Mutex
	all     *limit.Bucket
	byClass [classes]*limit.Bucket
	window  *window // of authentication methods
}

// window allows so many requests in any 10 s; one that is refused counts as well.
type window struct {
	most int
	sent []time.Time
}

func (w *window) take(now time.Time) (wait time.Duration) {
	for len(w.sent) > 0 && now.Sub(w.sent[0]) >= 10*time.Second {
		w.sent = w.sent[1:]
	}
	w.sent = append(w.sent, now)
	if n := len(w.sent); n > w.most {
		return w.sent[n-w.most].Add(10 * time.Second).Sub(now)
	}
	return 0
}

// set sets how many requests are allowed in 10 s; 0: any number.
func (l *limits) set(all, directory, authentication int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fresh := func(n int) *limit.Bucket {
		if n == 0 {
			return nil
		}
		return limit.New(n, 10*time.Second, time.Now())
	}
	l.all, l.byClass = fresh(all), [classes]*limit.Bucket{Directory: fresh(directory), Authentication: fresh(authentication)}
}

func (l *limits) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var used float64
	var wait time.Duration
	for _, b := range []*limit.Bucket{l.all, l.byClass[ClassOf(r.URL.Path)]} {
		if b != nil && wait == 0 {
			u, more := b.Take(time.Now())
			used, wait = max(used, u), more
		}
	}
	if l.window != nil && ClassOf(r.URL.Path) == Authentication {
		wait = l.window.take(time.Now())
	}
	if used > 0.8 {
		w.Header().Set("x-ms-throttle-limit-percentage", strconv.FormatFloat(used, 'f', 2, 64))
	}
	status := http.StatusOK
	if wait > 0 {
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
		w.Header().Set("x-ms-throttle-scope", "Tenant_Application/ReadWrite")
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"value":[]}`)
}
