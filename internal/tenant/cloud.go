package tenant

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"golang.org/x/net/http/httpproxy"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/lease"
)

// Cloud is one of Microsoft's clouds. Tokens of one are good in no other.
type Cloud string

// The clouds. USGovernment is GCC High (L4), USGovernmentDoD is L5; GCC is Public.
const (
	Public          Cloud = "Public"
	USGovernment    Cloud = "USGovernment"
	USGovernmentDoD Cloud = "USGovernmentDoD"
	China           Cloud = "China"
)

// addresses are those of a cloud.
type addresses struct {
	graph string
	login cloud.Configuration
}

// Source: https://learn.microsoft.com/graph/deployments
var clouds = map[Cloud]addresses{
	Public:          {"https://graph.microsoft.com", cloud.AzurePublic},
	USGovernment:    {"https://graph.microsoft.us", cloud.AzureGovernment},
	USGovernmentDoD: {"https://dod-graph.microsoft.us", cloud.AzureGovernment},
	China:           {"https://microsoftgraph.chinacloudapi.cn", cloud.AzureChina},
}

// Place is where a tenant lives: a cloud, or servers that stand for it.
type Place struct {
	Cloud Cloud // empty: Public
	// Graph and Authority are the addresses of an emulator or a gateway; empty: the cloud's.
	Graph, Authority string
	// CABundle holds certificates in PEM that are trusted for Graph and for the authority,
	// beside those that the machine trusts. It makes nothing of the place private: where
	// TLS is inspected on the way, a cloud's own servers show such certificates.
	CABundle []byte
	// MayWrite is asked before anything is sent there: an error ends the connection. nil: everything may be sent.
	MayWrite func() error
}

var (
	errCloud     = errors.New("the cloud is none of Public, USGovernment, USGovernmentDoD and China")
	errAuthority = errors.New(`the address of the authority is written "https://<host>", with a port if need be and nothing more`)
	errBundle    = errors.New("the CA bundle holds no certificate: it must be PEM, with a block of CERTIFICATE at least")
)

// GraphOptions returns the options for the tenant's Graph but its version, or an error
// that says what is wrong with the place. Each call gives a client with connections
// of its own.
func (p Place) GraphOptions(c azcore.TokenCredential) (graph.Options, error) {
	known, err := p.known()
	if err != nil {
		return graph.Options{}, err
	}
	o := graph.Options{
		Credential:  c,
		Endpoint:    known.graph,
		NoSMSSignIn: p.Cloud == China, // https://learn.microsoft.com/graph/api/phoneauthenticationmethod-enablesmssignin
	}
	if p.Graph != "" {
		o.Endpoint = p.Graph
		if p.Authority == "" {
			// A gateway in front of the cloud: Entra knows the name of the cloud's Graph only.
			o.Audience = known.graph
		}
	}
	o.Transport, err = p.client()
	return o, err
}

// login returns the authority, and whether it is one of Microsoft's.
func (p Place) login() (cloud.Configuration, bool, error) {
	known, err := p.known()
	if err != nil || p.Authority == "" {
		return known.login, true, err
	}
	u, err := url.Parse(p.Authority)
	if err != nil || u.Scheme != "https" || u.Host == "" || strings.TrimRight(p.Authority, "/") != "https://"+u.Host {
		return cloud.Configuration{}, false, errAuthority
	}
	return cloud.Configuration{ActiveDirectoryAuthorityHost: "https://" + u.Host}, false, nil
}

func (p Place) known() (addresses, error) {
	c := p.Cloud
	if c == "" {
		c = Public
	}
	known, ok := clouds[c]
	if !ok {
		return known, errCloud
	}
	return known, nil
}

// client makes an http.Client for many calls at once to one host, through the proxy
// that the environment names.
func (p Place) client() (*http.Client, error) {
	var roots *x509.CertPool // nil: the machine's
	if len(p.CABundle) > 0 {
		var err error
		if roots, err = x509.SystemCertPool(); err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM(p.CABundle) {
			return nil, errBundle
		}
	}
	proxy := httpproxy.FromEnvironment().ProxyFunc() // net/http's own would keep the first environment that it saw
	t := transport()
	t.Proxy, t.OnProxyConnectResponse = func(r *http.Request) (*url.URL, error) { return proxy(r.URL) }, graph.HeedProxy
	t.TLSClientConfig.RootCAs = roots
	if p.MayWrite != nil {
		t.DialContext = fenced(t.DialContext, p.MayWrite)
	}
	return staying(t), nil
}

// dial makes a connection, as of a net.Dialer.
type dial = func(ctx context.Context, network, address string) (net.Conn, error)

// fenced is a dial whose connections send nothing once mayWrite returns an error.
func fenced(next dial, mayWrite func() error) dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := next(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return lease.Fenced(c, mayWrite), nil
	}
}

// machine makes an http.Client for the services of the machine itself, which give out
// managed identities. No proxy may come between: it would answer for its own machine.
func machine() *http.Client { return staying(transport()) }

func transport() *http.Transport {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true,
		// A connection that died without a word is found out by a ping, not by the
		// timeouts of the calls on it.
		HTTP2:               &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
		MaxIdleConnsPerHost: 100, // where there is only HTTP/1.1, as behind some proxies
		IdleConnTimeout:     90 * time.Second,
	}
}

// staying makes a client that follows no redirects: a token, or a secret, is for the
// host it is sent to.
func staying(t *http.Transport) *http.Client {
	return &http.Client{
		Transport:     ownBody{t},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
