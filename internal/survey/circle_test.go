package survey

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

func TestPagesThatLeadRoundInACircle(t *testing.T) {
	t.Parallel()
	n := newTenant(t, 3)
	o := &v1alpha1.EntraTenant{}
	must(t, n.API.Get(t.Context(), client.ObjectKey{Name: "contoso"}, o))
	old := o.Spec.Endpoint.CABundle
	target, err := url.Parse(o.Spec.Endpoint.Graph)
	must(t, err)
	var pages atomic.Int64
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var front *httptest.Server
	front = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/users") {
			next := "a"
			if r.URL.Query().Get("$skiptoken") == "a" {
				next = "b"
			}
			if pages.Add(1) > 50 {
				cancel()
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"value":[{"id":"`+n.ids[0]+`","userPrincipalName":"ada@contoso.com"}],"@odata.nextLink":"`+front.URL+`/v1.0/users?$skiptoken=`+next+`"}`)
			return
		}
		r.URL.Scheme, r.URL.Host, r.RequestURI = "https", target.Host, ""
		resp, err := emulatorClient(old).Do(r)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer func() { _ = resp.Body.Close() }()
		maps.Copy(w.Header(), resp.Header)
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	}))
	defer front.Close()

	o.Spec.Endpoint.Graph, o.Spec.Endpoint.Authority = front.URL, front.URL
	o.Spec.Endpoint.CABundle = append(slices.Clone(old), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})...)
	must(t, n.API.Update(t.Context(), o))
	_, err = Run(ctx, n.Options, func(Person) error { return nil })
	if ctx.Err() != nil || err == nil {
		t.Errorf("%d pages were asked for: %v", pages.Load(), err)
	}
}

func emulatorClient(ca []byte) *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
}
