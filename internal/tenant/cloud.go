package tenant

import (
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

	"github.com/entraops/phone-operator/internal/graph"
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
	// CABundle holds certificates in PEM that Graph and Authority may show, beside those
	// the machine trusts. The cloud's own servers may not.
	CABundle []byte
}

var (
	errCloud     = errors.New("the cloud is none of Public, USGovernment, USGovernmentDoD and China")
	errAuthority = errors.New(`the address of the authority is written "https://<host>", with a port if need be and nothing more`)
	errBundle    = errors.New("the CA bundle holds no certificate: it must be PEM, with a block of CERTIFICATE at least")
	errIdle      = errors.New("a CA bundle is only for an endpoint of one's own: give the address of graph or authority, or leave it out")
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
	o.Transport, err = p.client(p.Graph != "")
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
	if len(p.CABundle) > 0 && p.Graph == "" && p.Authority == "" {
		return known, errIdle
	}
	return known, nil
}

// client makes an http.Client for many calls at once to one host. It follows no
// redirects: a token, or a secret, is for the host it is sent to.
func (p Place) client(own bool) (*http.Client, error) {
	var roots *x509.CertPool // nil: the machine's
	if own && len(p.CABundle) > 0 {
		var err error
		if roots, err = x509.SystemCertPool(); err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM(p.CABundle) {
			return nil, errBundle
		}
	}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: 10 * time.Second,
			ForceAttemptHTTP2:   true,
			// A connection that died without a word is found out by a ping, not by the
			// timeouts of the calls on it.
			HTTP2:               &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
			MaxIdleConnsPerHost: 100, // where there is only HTTP/1.1, as behind some proxies
			IdleConnTimeout:     90 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}
