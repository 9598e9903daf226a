package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// front is the HTTPS server that the operator takes for a story's Graph. Behind it is the emulator; in between a story can step
// in, to end the operator at a certain request or to answer as no honest Graph would.
type front struct {
	install.Endpoint

	graph http.Handler
	mu    sync.Mutex
	step  intercept // nil: none
}

// intercept sees a request before the emulator does, and says whether it has answered it.
type intercept func(w http.ResponseWriter, r *http.Request) (answered bool)

func newFront(graph *emulator.Emulator) *front {
	f := &front{graph: graph}
	f.Endpoint, _ = install.Serve(f)
	return f
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	step := f.step
	f.mu.Unlock()
	if step == nil || !step(w, r) {
		f.graph.ServeHTTP(w, r)
	}
}

// stepIn has every request from now on go through step first, which must be ready for many at once; nil ends it.
func (f *front) stepIn(step intercept) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.step = step
}

// work has the emulator do what a request asks, and keeps the answer back.
func (f *front) work(r *http.Request) { f.graph.ServeHTTP(httptest.NewRecorder(), r) }
