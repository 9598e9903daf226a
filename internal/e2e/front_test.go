package e2e_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/entraops/phone-operator/internal/emulator"
)

// front is the HTTPS server that the operator takes for a story's Graph. Behind it is the emulator; in between a story can step
// in, to end the operator at a certain request or to answer as no honest Graph would.
type front struct {
	URL string
	CA  []byte

	graph http.Handler
	mu    sync.Mutex
	step  intercept // nil: none
}

// intercept sees a request before the emulator does, and says whether it has answered it.
type intercept func(w http.ResponseWriter, r *http.Request) (answered bool)

func newFront(graph *emulator.Emulator) *front {
	f := &front{graph: graph}
	server := serveTLS(f)
	f.URL = server.URL
	f.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return f
}

// serveTLS starts a server that whoever trusts one front's CA trusts too. It ends with the process.
func serveTLS(h http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = true // as Graph
	server.StartTLS()
	return server
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
