package e2e_test

import (
	"encoding/pem"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"sync"

	"k8s.io/client-go/rest"
)

// apiServer stands between the operators and the API server, and notes which Secrets they get.
type apiServer struct {
	url   string
	ca    []byte
	proxy http.Handler

	mu   sync.Mutex
	gets map[string]int // "namespace/name" of a Secret -> how often
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
	server := serveTLS(a)
	a.url, a.ca = server.URL, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return a, nil
}

// through returns a configuration that logs in as cfg does, through a.
func (a *apiServer) through(cfg *rest.Config) *rest.Config {
	cfg = rest.CopyConfig(cfg)
	cfg.Host, cfg.CAData = a.url, a.ca
	return cfg
}

func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if m := secretPath.FindStringSubmatch(r.URL.Path); m != nil && r.Method == http.MethodGet {
		a.mu.Lock()
		a.gets[m[1]+"/"+m[2]]++
		a.mu.Unlock()
	}
	a.proxy.ServeHTTP(w, r)
}

// secretsRead counts how often operators got each Secret, by "namespace/name".
func (a *apiServer) secretsRead() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.gets)
}
