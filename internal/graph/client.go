package graph

import (
	"cmp"
	"errors"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/entraops/phone-operator/internal/throttle"
)

// How long one attempt may take.
//
// Graph gives up on requests for authentication methods after 60 seconds. A write
// waits a little longer than that, to hear its verdict: one that is given up earlier
// may still be done later, over a newer one. A read has no such effect and is made
// again at the next look, so it holds nobody for as long.
//
// Source: https://learn.microsoft.com/graph/api/resources/authenticationmethods-overview
const (
	ReadTimeout  = 15 * time.Second
	WriteTimeout = 65 * time.Second
)

// Options say which Graph to speak to, and how.
type Options struct {
	// Credential gives the tokens. It must not be nil.
	Credential azcore.TokenCredential
	// Endpoint is the root of the service, with https and without the version:
	// "https://graph.microsoft.com".
	Endpoint string
	// Audience is the resource that tokens are asked for, if it is not Endpoint: the
	// cloud's own Graph root when Endpoint is a gateway in front of it.
	Audience string
	// Version is "v1.0" or "beta"; empty is "v1.0".
	Version string
	// Throttle is what the requests pass; nil: nothing holds them.
	Throttle *throttle.Throttle
	// Measure is around each attempt, before the throttle, and Trace around what is sent, behind it;
	// nil: nothing is.
	Measure, Trace policy.Policy
	// Transport sends the requests; nil is a plain http.Client. An *http.Client
	// follows no redirects here, whatever it says: a token goes to one host only.
	Transport policy.Transporter
	// Timeout is for one attempt; zero is ReadTimeout and WriteTimeout.
	Timeout time.Duration
	// Abreast is how many calls about one user are on their way at once; zero is five.
	Abreast int
	// ReadOnly has the client refuse every request but GET, before it is sent.
	ReadOnly bool
	// NoSMSSignIn says that this cloud has no enableSmsSignIn and disableSmsSignIn
	// (China). They are then refused without asking.
	NoSMSSignIn bool
}

// Client speaks to one Graph in the name of one application. It is safe for
// concurrent use.
type Client struct {
	pipeline    runtime.Pipeline
	endpoint    string // without a slash at the end
	version     string
	timeout     time.Duration // zero: by the kind of call
	abreast     int
	noSMSSignIn bool
	tokens      *tokens
}

// New makes a client. It sends nothing: whether the credential works shows with the
// first call.
func New(o Options) (*Client, error) {
	if o.Credential == nil {
		return nil, errors.New("a Graph client needs a credential")
	}
	endpoint, err := root(o.Endpoint)
	if err != nil {
		return nil, err
	}
	audience := endpoint
	if o.Audience != "" {
		if audience, err = root(o.Audience); err != nil {
			return nil, err
		}
	}
	switch o.Version {
	case "":
		o.Version = "v1.0"
	case "v1.0", "beta":
	default:
		return nil, errors.New(`the Graph version is "v1.0" or "beta"`)
	}
	tokens := newTokens(newCredential(o.Credential), []string{audience + "/.default"})
	perRetry := []policy.Policy{tokens}
	if o.Measure != nil {
		perRetry = append(perRetry, o.Measure)
	}
	if o.Throttle != nil {
		var closeIdle func()
		if client, ok := o.Transport.(interface{ CloseIdleConnections() }); ok {
			closeIdle = client.CloseIdleConnections
		}
		perRetry = append(perRetry, o.Throttle.Policy(closeIdle))
	}
	if o.Trace != nil {
		perRetry = append(perRetry, o.Trace)
	}
	perCall := []policy.Policy{UserAgent{}}
	if o.ReadOnly {
		perCall = append(perCall, readOnly{})
	}
	return &Client{
		pipeline: runtime.NewPipeline("", "", runtime.PipelineOptions{
			PerCall:                perCall,
			PerRetry:               perRetry,
			AllowedHeaders:         loggedHeaders,
			AllowedQueryParameters: []string{"$select", "$count"},
		}, &policy.ClientOptions{
			Transport: newGuard(o.Transport),
			Telemetry: policy.TelemetryOptions{Disabled: true}, // UserAgent says it
		}),
		endpoint:    endpoint,
		version:     o.Version,
		timeout:     o.Timeout,
		abreast:     cmp.Or(max(o.Abreast, 0), abreast),
		noSMSSignIn: o.NoSMSSignIn,
		tokens:      tokens,
	}, nil
}

// loggedHeaders are shown in azcore's own log beside its few; it redacts all others.
var loggedHeaders = []string{
	"client-request-id", "request-id", "x-ms-ags-diagnostic", "x-ms-resource-unit",
	"x-ms-throttle-information", "x-ms-throttle-limit-percentage", "x-ms-throttle-priority", "x-ms-throttle-scope",
}

// root checks the address of a service and cuts the slash off its end.
func root(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New(`the address of Graph is written "https://<host>", with a port or a path if need be and nothing more`)
	}
	return strings.TrimRight(s, "/"), nil
}

// guard is the last step before the wire. It lets no redirect take the token
// elsewhere and no answer fill the memory, and sees whether a request was sent.
type guard struct{ next policy.Transporter }

// maxBody is far above a page of any list read here.
const maxBody = 4 << 20

func newGuard(next policy.Transporter) guard {
	if next == nil {
		next = &http.Client{}
	}
	if client, ok := next.(*http.Client); ok {
		own := *client
		own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		next = &own
	}
	return guard{next}
}

func (g guard) Do(req *http.Request) (*http.Response, error) {
	var way connecting
	resp, err := g.next.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), way.trace())))
	if err != nil && way.failed() {
		return nil, &neverSent{err}
	}
	if err == nil && resp != nil && resp.Body != nil {
		resp.Body = http.MaxBytesReader(nil, resp.Body, maxBody)
	}
	return resp, err
}
