package e2e_test

import (
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"sync"

	"k8s.io/client-go/rest"

	"github.com/entraops/phone-operator/internal/testing/install"
)

// apiServer stands between the operators and the API server, and notes which Secrets they get. A story can step in, as
// in a front.
type apiServer struct {
	install.Endpoint
	proxy http.Handler

	mu      sync.Mutex
	gets    map[string]int // "namespace/name" of a Secret -> how often
	step    intercept      // nil: none
	watches []*watch       // all that were ever begun
}

// watch is what an operator is told of changes. It can be held up.
type watch struct {
	http.ResponseWriter
	gate sync.RWMutex
}

func (w *watch) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *watch) Write(b []byte) (int, error) {
	w.gate.RLock()
	defer w.gate.RUnlock()
	return w.ResponseWriter.Write(b)
}

var secretPath = regexp.MustCompile(`^/api/v1/namespaces/([^/]+)/secrets/([^/]+)$`)

// newAPIServer starts one before the API server of a configuration. It ends with the process.
func newAPIServer(cfg *rest.Config) (*apiServer, error) {
	target, err := url.Parse(cfg.Host)
	if err != nil {
		return nil, err
	}
	transport, err := rest.TransportFor(rest.AnonymousClientConfig(cfg)) // who asks is in the request
	if err != nil {
		return nil, err
	}
	a := &apiServer{gets: map[string]int{}}
	a.proxy = &httputil.ReverseProxy{
		Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorLog: log.New(io.Discard, "", 0), // operators that are killed end their requests
	}
	a.Endpoint, _ = install.Serve(a)
	return a, nil
}

// through returns a configuration that logs in as cfg does, through a.
func (a *apiServer) through(cfg *rest.Config) *rest.Config {
	cfg = rest.CopyConfig(cfg)
	cfg.Host, cfg.CAData = a.URL, a.CA
	return cfg
}

func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if m := secretPath.FindStringSubmatch(r.URL.Path); m != nil && r.Method == http.MethodGet {
		a.mu.Lock()
		a.gets[m[1]+"/"+m[2]]++
		a.mu.Unlock()
	}
	a.mu.Lock()
	step := a.step
	if r.URL.Query().Get("watch") == "true" {
		began := &watch{ResponseWriter: w}
		a.watches, w = append(a.watches, began), began
	}
	a.mu.Unlock()
	if step == nil || !step(w, r) {
		a.proxy.ServeHTTP(w, r)
	}
}

// stepIn has every request from now on go through step first; nil ends it.
func (a *apiServer) stepIn(step intercept) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.step = step
}

// work has the API server do what a request asks, and returns what hands over its answer.
func (a *apiServer) work(w http.ResponseWriter, r *http.Request) (answer func()) {
	recorded := httptest.NewRecorder()
	a.proxy.ServeHTTP(recorded, r)
	return func() {
		maps.Copy(w.Header(), recorded.Header())
		w.WriteHeader(recorded.Code)
		_, _ = w.Write(recorded.Body.Bytes())
	}
}

// deafen has whoever watches now learn nothing more until it ends.
func (a *apiServer) deafen() (end func()) {
	a.mu.Lock()
	deaf := slices.Clone(a.watches)
	a.mu.Unlock()
	for _, w := range deaf {
		w.gate.Lock()
	}
	return func() {
		for _, w := range deaf {
			w.gate.Unlock()
		}
	}
}

// secretsRead counts how often operators got each Secret, by "namespace/name".
func (a *apiServer) secretsRead() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.gets)
}
