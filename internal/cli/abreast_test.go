package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/testenv"
)

// gathering is an API server that lets no PATCH through until some of them are under way at once.
func (w *world) gathering(some int64) (most func() int64) {
	w.t.Helper()
	cfg := testenv.Shared(w.t).Config()
	transport, err := rest.TransportFor(cfg)
	must(w.t, err)
	to, err := url.Parse(cfg.Host)
	must(w.t, err)
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	var lock sync.Mutex
	var under, peak int64
	gathered := make(chan struct{})
	open := sync.OnceFunc(func() { close(gathered) })
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			lock.Lock()
			under++
			peak = max(peak, under)
			if under == some {
				open()
			}
			lock.Unlock()
			defer func() {
				lock.Lock()
				under--
				lock.Unlock()
			}()
			select {
			case <-gathered:
			case <-r.Context().Done():
			case <-time.After(patience): // one that waits for the other is alone for ever
			}
		}
		proxy.ServeHTTP(rw, r)
	}))
	w.t.Cleanup(server.Close)
	file, err := devcluster.Kubeconfig(&rest.Config{Host: server.URL})
	must(w.t, err)
	must(w.t, os.WriteFile(w.kubeconfig, file, 0o600))
	return func() int64 {
		lock.Lock()
		defer lock.Unlock()
		return peak
	}
}

// Many resources are written side by side, not all at once, and told of in their order.
func TestManyAreWrittenSideBySide(t *testing.T) {
	for _, verb := range [][]string{{"suspend"}, {"resume"}, {"reconcile"}, {"release", "--yes", "--keep"}} {
		t.Run(verb[0], func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "abreast-"+verb[0])
			var want strings.Builder
			for i := range 2 * abreast {
				o := w.method(fmt.Sprintf("user-%02d", i))
				if verb[0] == "resume" {
					o.Spec.Suspend = true
					must(t, w.Update(t.Context(), o))
				}
				fmt.Fprintf(&want, "%s/%s\n", o.Namespace, o.Name)
			}
			most := w.gathering(2)
			out, _ := w.works(append(verb, "--all")...)
			if n := most(); n < 2 || n > abreast {
				t.Errorf("%d were written at once", n)
			}
			var got strings.Builder
			for line := range strings.Lines(out) {
				name, _, _ := strings.Cut(line, " ")
				fmt.Fprintln(&got, name)
			}
			if got.String() != want.String() {
				t.Errorf("the order is\n%s", &got)
			}
		})
	}
}

func TestBars(t *testing.T) {
	for want, c := range map[string]struct {
		done, all int
		more      string
	}{
		"\r[##########....................] 1 of 3 resources\x1b[K":       {1, 3, ""},
		"\r[##############################] 3 of 3 resources, 2 MB\x1b[K": {3, 3, ", 2 MB"},
		"\r2 resources\x1b[K": {2, 0, ""},
	} {
		var w bytes.Buffer
		if drawBar(&w, c.done, c.all, "resource", c.more); w.String() != want {
			t.Errorf("want %q, got %q", want, w.String())
		}
	}
}
