package throttle

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
)

// limits limit requests as the emulator does, and answer nothing else. They check no
// tokens, which is what the emulator spends its time on: a minute of a simulation costs
// a twentieth.
type limits struct {
	mu      sync.Mutex
	all     limit
	byClass [classes]limit
}

type limit struct {
	requests float64 // in 10 s; 0: any number
	tokens   float64
	at       time.Time
}

func (l *limits) set(all, directory, authentication int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fresh := func(n int) limit { return limit{requests: float64(n), tokens: float64(n), at: time.Now()} }
	l.all, l.byClass = fresh(all), [classes]limit{Directory: fresh(directory), Authentication: fresh(authentication)}
}

// take takes a token, and returns how much of the limit is used and for how long to wait.
func (l *limit) take() (used float64, wait time.Duration) {
	if l.requests == 0 {
		return 0, 0
	}
	perToken := float64(10*time.Second) / l.requests
	l.tokens = min(l.requests, l.tokens+float64(time.Since(l.at))/perToken)
	l.at = time.Now()
	full := l.tokens < 1-1e-9
	l.tokens = max(l.tokens-1, -0.8*l.requests)
	if full {
		wait = time.Duration((1 - l.tokens) * perToken)
	}
	return 1 - l.tokens/l.requests, wait
}

func (l *limits) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	status := http.StatusOK
	used, wait := l.all.take()
	if wait == 0 {
		u, more := l.byClass[ClassOf(r.URL.Path)].take()
		used, wait = max(used, u), more
	}
	if used > 0.8 {
		w.Header().Set("x-ms-throttle-limit-percentage", strconv.FormatFloat(used, 'f', 2, 64))
	}
	if wait > 0 {
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
		w.Header().Set("x-ms-throttle-scope", "Tenant_Application/ReadWrite")
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"value":[]}`)
}

// What is measured with the limits holds for the emulator.
func TestTheLimitsAreTheEmulators(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		graph, token := newEmulator(t, emulator.Throttle{Requests: 50}, emulator.Throttle{Class: emulator.Directory, Requests: 40})
		var model limits
		model.set(50, 40, 0)
		refused := 0
		for i := range 600 {
			pass(time.Duration(i*i%311) * time.Millisecond / 2)
			if i%75 == 0 {
				pass(time.Duration(i) * 20 * time.Millisecond)
			}
			var said [2]string
			for j, server := range []http.Handler{graph, &model} {
				r := httptest.NewRequest(http.MethodGet, "https://example.com"+paths[Directory], nil)
				r.Header.Set("Authorization", "Bearer "+token)
				w := httptest.NewRecorder()
				server.ServeHTTP(w, r)
				h := w.Header()
				said[j] = fmt.Sprint(w.Code, " ", h.Get("Retry-After"), " ", h.Get("x-ms-throttle-limit-percentage"), " ", h.Get("x-ms-throttle-scope") != "")
				if w.Code == http.StatusTooManyRequests {
					refused++
				}
			}
			if diff := cmp.Diff(said[0], said[1]); diff != "" {
				t.Fatalf("request %d: %s", i, diff)
			}
		}
		if refused < 100 || refused > 1100 {
			t.Errorf("%d of 1200 were refused: that shows little", refused)
		}
	})
}
