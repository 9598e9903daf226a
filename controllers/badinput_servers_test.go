package controllers_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

var endpoints = chapter{
	title: "EntraTenant: the endpoints",
	intro: "A server that cannot be reached, or is not Graph, may be bad weather: the operator keeps trying, and phones that are registered stay Ready.",
	rows: []badInput{
		{what: "A caBundle of another authority", broken: tenantThat(func(_ *story, o *v1alpha1.EntraTenant) { o.Spec.Endpoint.CABundle = []byte(certificateOf(keyA())) }),
			says: unavailable("no token: the certificate of the token endpoint is not trusted). The operator keeps trying; if this lasts, check spec.endpoint: graph, authority and caBundle.")},
		{what: "No caBundle for a private authority", broken: tenantThat(func(_ *story, o *v1alpha1.EntraTenant) { o.Spec.Endpoint.CABundle = nil }),
			says: unavailable("no token: the certificate of the token endpoint is not trusted). The operator keeps trying; if this lasts, check spec.endpoint: graph, authority and caBundle.")},
		{what: "Graph's certificate is of another authority", broken: graphAt(func(s *story, o *v1alpha1.EntraTenant) { o.Spec.Endpoint.Graph = s.url }),
			says: unavailable("the server's certificate is not trusted")},
		{what: "Nobody listens where the token endpoint should be", broken: tenantThat(func(_ *story, o *v1alpha1.EntraTenant) { o.Spec.Endpoint.Authority = "https://127.0.0.1:1" }),
			says: unavailable("no token: the token endpoint does not answer")},
		{what: "Nobody listens where Graph should be", broken: graphAt(func(_ *story, o *v1alpha1.EntraTenant) { o.Spec.Endpoint.Graph = "https://127.0.0.1:1" }),
			says: unavailable("no connection")},
		{what: "A host name that does not exist", broken: tenantThat(func(_ *story, o *v1alpha1.EntraTenant) { o.Spec.Endpoint.Authority = "https://login.invalid" }),
			says: unavailable("no token: the token endpoint does not answer")},
		{what: "The token endpoint answers HTML", broken: tokensFrom(answer(200, "text/html", "<html>Welcome</html>")),
			says: unavailable("no token: what answers is not Entra). The operator keeps trying; if this lasts, check spec.endpoint: graph, authority and caBundle.")},
		{what: "The token endpoint answers 404 with HTML", broken: tokensFrom(answer(404, "text/html", "<html>Not found</html>")),
			says: unavailable("no token: what answers is not Entra). The operator keeps trying; if this lasts, check spec.endpoint: graph, authority and caBundle.")},
		{what: "The token endpoint answers 503 with HTML", broken: tokensFrom(answer(503, "text/html", "<html>Down</html>")),
			says: unavailable("no token: the token endpoint does not work")},
		{what: "Graph answers 200 with HTML", broken: graphFrom(answer(200, "text/html", "<html>Welcome</html>")),
			says: unavailable("the answer cannot be read")},
		{what: "Graph answers 404 with HTML", broken: graphFrom(answer(404, "text/html", "<html>Not found</html>")),
			says: unavailable("what answers is not Graph")},
		{what: "Graph answers 502 with HTML", broken: graphFrom(answer(502, "text/html", "<html>Bad gateway</html>")),
			says: unavailable("HTTP 502")},
		{what: "Graph answers JSON of another shape", broken: graphFrom(answer(200, "application/json", `{"status":"UP"}`)),
			says: unavailable("the answer cannot be read")},
		{what: "Graph answers nothing", broken: graphFrom(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
			says: unavailable("the connection broke off")},
		{what: "Graph redirects", broken: graphFrom(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://login.invalid/", http.StatusFound)
		}),
			says: unavailable("a redirect, which is not followed: check the address of Graph).")},
		{what: "Graph does not accept the token", broken: graphFrom(answer(401, "application/json", `{"error":{"code":"InvalidAuthenticationToken"}}`)),
			says: notReady(v1alpha1.ReasonForbidden, "Graph does not accept the token that Entra gave: check spec.cloud, or spec.endpoint, which must be of one and the same cloud.")},
		{what: "Graph speaks HTTP without TLS", broken: graphAt(func(s *story, o *v1alpha1.EntraTenant) {
			o.Spec.Endpoint.Graph = strings.Replace(s.serve(httptest.NewServer, answer(200, "text/html", "")).URL, "http:", "https:", 1)
		}), says: unavailable("the connection broke off")},
	},
}

func unavailable(message string) says {
	return sees(v1alpha1.ConditionReady, unknown, v1alpha1.ReasonGraphUnavailable, message)
}

func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// serve serves until the story ends, and says nothing of callers that leave.
func (s *story) serve(start func(http.Handler) *httptest.Server, h http.Handler) *httptest.Server {
	server := start(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.t.Cleanup(server.Close)
	return server
}

func certificateAuthority(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

// tokensFrom is a tenant with this for its token endpoint.
func tokensFrom(h http.HandlerFunc) func(s *story, name, given string) []client.Object {
	return tenantThat(func(s *story, o *v1alpha1.EntraTenant) {
		server := s.serve(httptest.NewTLSServer, h)
		o.Spec.Endpoint.Authority = server.URL
		o.Spec.Endpoint.CABundle = append(certificateAuthority(server), s.ca...)
	})
}

// graphFrom is a tenant that gets tokens, and has this for Graph.
func graphFrom(h http.HandlerFunc) func(s *story, name, given string) []client.Object {
	return graphAt(func(s *story, o *v1alpha1.EntraTenant) {
		o.Spec.Endpoint.Graph = s.serve(httptest.NewTLSServer, h).URL
	})
}

// graphAt is a tenant that gets tokens, changed.
func graphAt(change func(s *story, o *v1alpha1.EntraTenant)) func(s *story, name, given string) []client.Object {
	return tenantThat(func(s *story, o *v1alpha1.EntraTenant) {
		server := s.serve(httptest.NewTLSServer, http.HandlerFunc(tokens))
		o.Spec.Endpoint.Authority = server.URL
		o.Spec.Endpoint.CABundle = certificateAuthority(server)
		change(s, o)
	})
}

// tokens gives a token to everybody.
func tokens(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	tenant := "https://" + r.Host + "/" + strings.Split(r.URL.Path, "/")[1]
	if strings.HasSuffix(r.URL.Path, "openid-configuration") {
		_, _ = fmt.Fprintf(w, `{"issuer":"%[1]s/v2.0","authorization_endpoint":"%[1]s/a","token_endpoint":"%[1]s/t"}`, tenant)
		return
	}
	_, _ = io.WriteString(w, `{"access_token":"a test token","token_type":"Bearer","expires_in":3600}`)
}

// Keys for certificates of nobody.
var keyA, keyB = sync.OnceValue(newKey), sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
}

func pemOf(k *rsa.PrivateKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)}))
}

func certificateOf(k *rsa.PrivateKey) string {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "nobody"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
