package metrics

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraops/phone-operator/internal/throttle"
)

// Policy returns an azcore policy that measures each attempt of a request to a tenant's Graph. It
// belongs before the throttle, whose rejections it measures as well: what they reject is not sent.
func Policy(tenant string) policy.Policy { return requests{tenant} }

type requests struct{ tenant string }

func (p requests) Do(req *policy.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := req.Next()
	if MeasureDelay(p.tenant, err) {
		return resp, err
	}
	class := throttle.ClassOf(req.Raw().URL.Path).String()
	GraphRequestSeconds.WithLabelValues(p.tenant, class).Observe(time.Since(began).Seconds())
	GraphRequests.WithLabelValues(p.tenant, class, codeOf(resp)).Inc()
	return resp, err
}

// MeasureDelay measures an error of the throttle, and reports whether it is one.
func MeasureDelay(tenant string, err error) bool {
	r, ok := errors.AsType[*throttle.Rejected](err)
	if ok {
		ThrottleDelays.WithLabelValues(tenant, string(r.Reason)).Observe(r.RetryAfter.Seconds())
	}
	return ok
}

// codeOf returns an answer as metrics name it.
func codeOf(resp *http.Response) string {
	switch {
	case resp == nil:
		return "none"
	case resp.StatusCode == http.StatusTooManyRequests:
		return "429"
	}
	return strconv.Itoa(resp.StatusCode/100) + "xx"
}
