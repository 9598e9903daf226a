package e2e_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
)

// collected is a collector of OpenTelemetry.
type collected struct {
	collector.UnimplementedTraceServiceServer
	url string

	mu    sync.Mutex
	spans []*trace.Span
	text  strings.Builder // all that came, as JSON
}

func (c *collected) Export(_ context.Context, r *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text, err := protojson.Marshal(r)
	if err != nil {
		return nil, err
	}
	c.text.Write(text)
	for _, resource := range r.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

func newCollector(t *testing.T) *collected {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	c, server := &collected{url: "http://" + listener.Addr().String()}, grpc.NewServer()
	collector.RegisterTraceServiceServer(server, c)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return c
}

// under returns the names of the spans below one of this name whose trace has that of another, each once.
func (c *collected) under(name, with string) (names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	has := map[string]bool{}
	for _, s := range c.spans {
		if s.Name == with {
			has[string(s.TraceId)] = true
		}
	}
	below := map[string]bool{}
	for _, s := range c.spans {
		if s.Name == name && has[string(s.TraceId)] {
			below[string(s.SpanId)] = true
		}
	}
	for range c.spans { // a span may come before the one that it is under
		for _, s := range c.spans {
			if below[string(s.ParentSpanId)] && !below[string(s.SpanId)] {
				below[string(s.SpanId)] = true
				names = append(names, s.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// A trace goes from the reconcile of a user down to each request, and names nobody.
func TestTracesTellWhatWasAskedAndOfNobody(t *testing.T) {
	s, c := newStoryAlone(t), newCollector(t)
	o := s.launch(launch{env: []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=" + c.url, "OTEL_BSP_SCHEDULE_DELAY=100"}})
	p, u := s.people, s.user()
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101"))
	p.ready("mobile")
	must(t, o.stop()) // what was not sent yet is sent now
	const post = "Graph POST users/{id}/authentication/phoneMethods"
	for with, want := range map[string][]string{
		post:                   {"create mobile", "Graph GET users/{id}/transitiveMemberOf", "Kubernetes PATCH phoneauthenticationmethods", "Kubernetes PATCH phoneauthenticationmethods/status"},
		"Graph GET users/{id}": nil, // who the user is was found out in the reconcile before
	} {
		got := c.under("reconcile user", with)
		for _, name := range append(want, with) {
			if !slices.Contains(got, name) {
				t.Errorf("no span %q among %q", name, got)
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	name, _, _ := strings.Cut(u.UPN, "@")
	for _, secret := range []string{"2065550101", "********", u.ID, u.UPN, name, p.namespace} {
		if strings.Contains(c.text.String(), secret) {
			t.Errorf("the traces tell %s", fmt.Sprintf("%.4s...", secret))
		}
	}
}
