package tenant_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/tenant"
)

// hosts are Microsoft's, of every cloud.
var hosts = map[tenant.Cloud][2]string{
	tenant.Public:          {"graph.microsoft.com", "login.microsoftonline.com"},
	tenant.USGovernment:    {"graph.microsoft.us", "login.microsoftonline.us"},
	tenant.USGovernmentDoD: {"dod-graph.microsoft.us", "login.microsoftonline.us"},
	tenant.China:           {"microsoftgraph.chinacloudapi.cn", "login.chinacloudapi.cn"},
}

// company is a network that is left through a proxy only, which inspects TLS: it shows
// certificates of an authority of its own for Microsoft's hosts, behind which is the
// emulator.
type company struct {
	graph *emulator.Emulator
	proxy string // its address
	ca    []byte // in PEM

	mu      sync.Mutex
	answers func(host string) int // to CONNECT; 200 connects
	asked   []string
}

func network(t *testing.T) *company {
	t.Helper()
	var names, roots []string
	for _, of := range hosts {
		names, roots = append(names, of[0], of[1]), append(roots, "https://"+of[0])
	}
	e := emulator.New(emulator.Options{GraphRoots: roots})
	must(t, e.AddTenant(emulator.Tenant{ID: tenantID}))
	must(t, e.AddApp(emulator.App{ClientID: clientID, Secret: secret, Roles: everything}))
	must(t, e.AddUser(emulator.User{ID: adaID, UPN: "ada@contoso.example"}))

	c := &company{graph: e, answers: func(string) int { return http.StatusOK }}
	inside := httptest.NewUnstartedServer(e)
	inside.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that fail on purpose
	c.ca, inside.TLS = forge(t, names)
	inside.StartTLS()
	t.Cleanup(inside.Close)
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.asked = append(c.asked, r.Host)
		status := c.answers(r.Host)
		c.mu.Unlock()
		if status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
		join(t, w, inside.Listener.Addr().String())
	}))
	t.Cleanup(p.Close)
	c.proxy = p.Listener.Addr().String()
	t.Setenv("HTTPS_PROXY", "http://operator:password@"+c.proxy)
	t.Setenv("HTTP_PROXY", "http://"+c.proxy)
	t.Setenv("NO_PROXY", "")
	return c
}

func (c *company) answer(f func(host string) int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers = f
}

func join(t *testing.T, w http.ResponseWriter, address string) {
	to, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil { // the client may open a connection that it needs no more, while the test ends
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	from, buffered, err := http.NewResponseController(w).Hijack()
	must(t, err)
	_, _ = io.WriteString(from, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() { _, _ = io.Copy(to, buffered); _ = to.Close() }()
	go func() { _, _ = io.Copy(from, to); _ = from.Close() }()
}

// forge makes an authority and a server's certificate for the names.
func forge(t *testing.T, names []string) (ca []byte, server *tls.Config) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Contoso inspection"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	root, err := x509.CreateCertificate(rand.Reader, authority, authority, &key.PublicKey, key)
	must(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, authority, &key.PublicKey, key)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root}),
		&tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// client is the operator's for a cloud as this network shows it.
func (c *company) client(t *testing.T, p tenant.Place) *graph.Client {
	t.Helper()
	credential, err := p.Credential(identity(tenant.ClientSecret(secret)))
	must(t, err)
	o, err := p.GraphOptions(credential)
	must(t, err)
	t.Cleanup(o.Transport.(*http.Client).CloseIdleConnections)
	client, err := graph.New(o)
	must(t, err)
	return client
}

func TestAPrivateAuthorityForACloudsOwnHosts(t *testing.T) {
	c := network(t)
	for cloud, of := range hosts {
		t.Run(string(cloud), func(t *testing.T) {
			p := tenant.Place{Cloud: cloud, CABundle: c.ca}
			before := len(c.asked)
			_, err := c.client(t, p).User(context.Background(), adaID)
			must(t, err)
			for _, host := range c.asked[before:] {
				if host != of[0]+":443" && host != of[1]+":443" {
					t.Errorf("it turned to %s", host)
				}
			}
			// Nothing else is as with an endpoint of one's own.
			o, err := p.GraphOptions(nil)
			must(t, err)
			if o.Endpoint != "https://"+of[0] || o.Audience != "" || o.NoSMSSignIn != (cloud == tenant.China) {
				t.Errorf("options = %+v", o)
			}
			p.CABundle = nil
			if _, err := c.client(t, p).User(context.Background(), adaID); graph.KindOf(err) != graph.Unavailable || !strings.Contains(err.Error(), "not trusted") {
				t.Errorf("without the bundle: %v", err)
			}
		})
	}
}

func TestAProxyThatLetsNobodyThrough(t *testing.T) {
	const login, graphHost = "login.microsoftonline.com:443", "graph.microsoft.com:443"
	for name, tc := range map[string]struct {
		refuses string // the host; "": all
		status  int
		target  string
	}{
		"at all":               {"", 407, login},
		"to the sign-in":       {login, 403, login},
		"to Graph":             {graphHost, 407, graphHost},
		"to Graph, forbidding": {graphHost, 403, graphHost},
	} {
		t.Run(name, func(t *testing.T) {
			c := network(t)
			c.answer(func(host string) int {
				if tc.refuses == "" || host == tc.refuses {
					return tc.status
				}
				return http.StatusOK
			})
			err := c.client(t, tenant.Place{CABundle: c.ca}).DeletePhoneMethod(context.Background(), adaID, phone.Mobile)
			want := graph.ProxyError{Proxy: c.proxy, Target: tc.target, Status: tc.status}
			e, ok := errors.AsType[*graph.Error](err)
			if !ok || e.Kind != graph.Unavailable || e.Proxy == nil || *e.Proxy != want || strings.Contains(err.Error(), "password") {
				t.Errorf("error = %v", err)
			}
		})
	}
}

// The machine's own services are not asked through a proxy, nor what NO_PROXY names.
func TestWhatGoesPastTheProxy(t *testing.T) {
	ask := func(proof tenant.Proof) func(*testing.T, context.Context) {
		return func(t *testing.T, ctx context.Context) {
			credential, err := tenant.Place{}.Credential(identity(proof))
			must(t, err)
			_, _ = credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"https://graph.example/.default"}})
		}
	}
	for name, tc := range map[string]struct {
		env  map[string]string
		ask  func(*testing.T, context.Context)
		want string // where the first connection goes; "": to the proxy
	}{
		"the metadata of the machine":    {nil, ask(tenant.ManagedIdentity()), "169.254.169.254:80"},
		"the service of App Service":     {map[string]string{"IDENTITY_ENDPOINT": "http://identity.example/token", "IDENTITY_HEADER": "x"}, ask(tenant.ManagedIdentity()), "identity.example:80"},
		"the sign-in does not":           {nil, ask(tenant.ClientSecret(secret)), ""},
		"the sign-in, if it is excepted": {map[string]string{"NO_PROXY": ".microsoftonline.com"}, ask(tenant.ClientSecret(secret)), "login.microsoftonline.com:443"},
	} {
		t.Run(name, func(t *testing.T) {
			c := network(t)
			for k, v := range tc.env {
				t.Setenv(k, v)
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var first string
			ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(address string) {
				if first == "" {
					first = address
				}
				cancel() // nothing is sent
			}})
			tc.ask(t, ctx)
			if want := tc.want; want == "" && first != c.proxy || want != "" && first != want {
				t.Errorf("turned to %s", first)
			}
		})
	}
}

func TestABundleThatIsNoneIsRefused(t *testing.T) {
	for _, p := range []tenant.Place{{CABundle: []byte(secret)}, {Cloud: tenant.China, CABundle: bytes.Repeat([]byte("x"), 100)}} {
		if _, err := p.GraphOptions(nil); err == nil || !strings.Contains(err.Error(), "holds no certificate") {
			t.Errorf("error = %v", err)
		}
	}
}
