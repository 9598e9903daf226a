package tenant

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

// bucket limits requests as the emulator does, and answers nothing else. It checks no
// tokens, which is what the emulator spends its time on: a minute of a simulation
// costs a twentieth.
type bucket struct {
	mu     sync.Mutex
	limit  float64 // requests in 10 s; 0: none
	tokens float64
	at     time.Time
}

func (b *bucket) setLimit(requests int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit, b.tokens, b.at = float64(requests), float64(requests), time.Now()
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	status := http.StatusOK
	if b.limit > 0 {
		perToken := float64(10*time.Second) / b.limit
		b.tokens = min(b.limit, b.tokens+float64(time.Since(b.at))/perToken)
		b.at = time.Now()
		full := b.tokens < 1-1e-9
		b.tokens = max(b.tokens-1, -0.8*b.limit)
		used := 1 - b.tokens/b.limit
		if used > 0.8 {
			w.Header().Set("x-ms-throttle-limit-percentage", strconv.FormatFloat(used, 'f', 2, 64))
		}
		if full {
			status = http.StatusTooManyRequests
			wait := time.Duration((1 - b.tokens) * perToken)
			w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
			w.Header().Set("x-ms-throttle-scope", "Tenant_Application/ReadWrite")
		}
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"value":[]}`)
}

// What is measured with the bucket holds for the emulator.
func TestTheBucketLimitsAsTheEmulatorDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 50
		graph, token := newEmulator(t, emulator.Throttle{Requests: limit})
		var model bucket
		model.setLimit(limit)
		refused := 0
		for i := range 600 {
			pause(time.Duration(i*i%311) * time.Millisecond / 2)
			if i%75 == 0 {
				pause(time.Duration(i) * 20 * time.Millisecond)
			}
			var said [2]string
			for j, server := range []http.Handler{graph, &model} {
				w := httptest.NewRecorder()
				server.ServeHTTP(w, phonesRequest(t.Context(), token))
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
