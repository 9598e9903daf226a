// Package tracing sends OpenTelemetry traces of what the operator does, from a reconcile down to each
// request, where the environment names an OTLP endpoint; without one it does nothing. No span holds a
// user, the name of a resource or a number: requests are named by the kind of thing that they are for.
package tracing

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/entraops/phone-operator/internal/version"
)

// scope is what spans say that they come from.
const scope = "github.com/entraops/phone-operator"

// tracer makes the spans. It is not OpenTelemetry's global one, through which libraries would send
// spans of their own, with URLs that name users.
var tracer atomic.Pointer[trace.Tracer]

func current() trace.Tracer {
	if t := tracer.Load(); t != nil {
		return *t
	}
	return noop.Tracer{}
}

// Enabled reports whether the environment names an endpoint, by OTEL_EXPORTER_OTLP_ENDPOINT or
// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT.
func Enabled() bool {
	return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// Start begins to send traces to the endpoint that the environment names, by gRPC. Certificates,
// headers and sampling are the environment's as well. stop sends what is left.
//
// Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
func Start(ctx context.Context) (stop func(context.Context) error, err error) {
	if !Enabled() {
		return func(context.Context) error { return nil }, nil
	}
	exporter, err := otlptracegrpc.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("set up the OTLP exporter: %w", err)
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(
		attribute.String("service.name", "phone-operator"), attribute.String("service.version", version.String())), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("read OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	t := provider.Tracer(scope, trace.WithInstrumentationVersion(version.String()))
	tracer.Store(&t)
	return provider.Shutdown, nil
}

// Begin begins a span, which ends with end. failure is what kept the work from success, one word of
// a few; empty is success.
func Begin(ctx context.Context, name string, about ...attribute.KeyValue) (_ context.Context, end func(failure string)) {
	return begin(ctx, name, trace.SpanKindInternal, about...)
}

func begin(ctx context.Context, name string, kind trace.SpanKind, about ...attribute.KeyValue) (context.Context, func(string)) {
	ctx, span := current().Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(about...))
	return ctx, func(failure string) {
		if failure != "" {
			span.SetStatus(codes.Error, failure)
		}
		span.End()
	}
}
