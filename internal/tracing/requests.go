package tracing

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// Policy returns an azcore policy that makes a span of each attempt of a request to Graph. It belongs
// behind the throttle, so that the span is of what was sent.
func Policy() policy.Policy { return requests{} }

type requests struct{}

func (requests) Do(req *policy.Request) (*http.Response, error) {
	r := req.Raw()
	ctx, end := begin(r.Context(), "Graph "+r.Method+" "+graphPath(r.URL.Path), trace.SpanKindClient)
	resp, err := req.WithContext(ctx).Next()
	answered(ctx, resp)
	end(failureOf(resp))
	return resp, err
}

// Transport makes a span of each request to the API server that is part of a trace.
func Transport(next http.RoundTripper) http.RoundTripper { return roundTripper{next} }

type roundTripper struct{ next http.RoundTripper }

func (t roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	if !trace.SpanContextFromContext(r.Context()).IsValid() { // the lists and watches of the cache
		return t.next.RoundTrip(r)
	}
	ctx, end := begin(r.Context(), "Kubernetes "+r.Method+" "+kubernetesPath(r.URL.Path), trace.SpanKindClient)
	resp, err := t.next.RoundTrip(r.WithContext(ctx))
	answered(ctx, resp)
	end(failureOf(resp))
	return resp, err
}

func answered(ctx context.Context, resp *http.Response) {
	if resp != nil {
		trace.SpanFromContext(ctx).SetAttributes(attribute.Int("http.response.status_code", resp.StatusCode))
	}
}

func failureOf(resp *http.Response) string {
	switch {
	case resp == nil:
		return "no answer"
	case resp.StatusCode >= http.StatusBadRequest:
		return strconv.Itoa(resp.StatusCode)
	}
	return ""
}

// word is a segment of a path of Graph that names a kind of thing, such as phoneMethods or
// microsoft.graph.group.
var word = regexp.MustCompile(`^\$?[A-Za-z]+(\.[A-Za-z]+)*$`)

// graphPath returns a path of Graph without its version, and with {id} for each segment that names one
// thing: a user may be called like a word.
func graphPath(path string) string {
	segments := strings.Split(strings.Trim(path, "/"), "/")[1:]
	for i, s := range segments {
		if !word.MatchString(s) || i > 0 && segments[i-1] == "users" {
			segments[i] = "{id}"
		}
	}
	return strings.Join(segments, "/")
}

// kubernetesPath returns the resource and subresource of a path of the API server.
func kubernetesPath(path string) string {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	skip := 2 // api/v1
	if segments[0] == "apis" {
		skip = 3 // apis/group/version
	}
	segments = segments[min(skip, len(segments)):]
	if len(segments) > 2 && segments[0] == "namespaces" {
		segments = segments[2:]
	}
	switch len(segments) {
	case 0:
		return ""
	case 1, 2:
		return segments[0]
	}
	return segments[0] + "/" + segments[2]
}
