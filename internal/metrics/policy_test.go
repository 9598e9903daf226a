package metrics

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"github.com/entraops/phone-operator/internal/throttle"
)

type transport func(*http.Request) (*http.Response, error)

func (t transport) Do(r *http.Request) (*http.Response, error) { return t(r) }

func answers(code int) transport {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code, Request: r, Header: http.Header{"Retry-After": {"60"}}, Body: http.NoBody}, nil
	}
}

// Each request that is sent is counted with its answer, each that is not with its delay.
func TestPolicy_MeasuresRequestsAndDelays(t *testing.T) {
	const user = "https://graph.example/v1.0/users/0f1c0000-0000-4000-8000-000000000001"
	limits := throttle.New(time.Now, nil, t.Name())
	pipeline := func(t transport) runtime.Pipeline {
		return runtime.NewPipeline("test", "v1", runtime.PipelineOptions{PerRetry: []policy.Policy{Policy(limits.Tenant()), limits.Policy(nil)}},
			&policy.ClientOptions{Transport: t, Retry: policy.RetryOptions{MaxRetries: -1}})
	}
	for _, c := range []struct {
		class, code, url string
		graph            transport
	}{
		{"authentication", "2xx", user + "/authentication/phoneMethods", answers(200)},
		{"directory", "4xx", user, answers(404)},
		{"directory", "none", user, func(*http.Request) (*http.Response, error) { return nil, errors.New("EOF") }},
		{"reports", "5xx", "https://graph.example/v1.0/auditLogs/directoryAudits", answers(500)},
		{"authentication", "429", user + "/authentication/phoneMethods", answers(429)},
	} {
		req, err := runtime.NewRequest(t.Context(), http.MethodGet, c.url)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = pipeline(c.graph).Do(req)
		if n := testutil.ToFloat64(GraphRequests.WithLabelValues(t.Name(), c.class, c.code)); n != 1 {
			t.Errorf("%s %s: counted %v times", c.class, c.code, n)
		}
	}
	req, err := runtime.NewRequest(t.Context(), http.MethodGet, user)
	if err != nil {
		t.Fatal(err)
	}
	_, err = pipeline(answers(200)).Do(req)
	if _, ok := errors.AsType[*throttle.Rejected](err); !ok {
		t.Errorf("in the pause that Graph asked for: %v", err)
	}
	var delays dto.Metric
	if err := ThrottleDelays.WithLabelValues(t.Name(), "paused").(prometheus.Metric).Write(&delays); err != nil {
		t.Fatal(err)
	}
	if h := delays.GetHistogram(); h.GetSampleCount() != 1 || h.GetSampleSum() < 50 || h.GetSampleSum() > 60 {
		t.Errorf("%v", h)
	}
}
