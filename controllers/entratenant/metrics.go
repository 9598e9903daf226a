package entratenant

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/entraops/phone-operator/internal/tenant"
)

// tenantClosed describes a gauge for each tenant and reason.
var tenantClosed = prometheus.NewDesc("phone_operator_tenant_closed",
	"1 while the users of a tenant wait: because Graph asked for a pause (throttled), or because nobody answers there (unanswered).",
	[]string{"tenant", "reason"}, nil)

// throttles shows the throttles of the tenants that there are.
type throttles struct{ tenants *tenant.Registry }

func (g throttles) Describe(to chan<- *prometheus.Desc) { to <- tenantClosed }

func (g throttles) Collect(to chan<- prometheus.Metric) {
	for _, t := range g.tenants.All() {
		throttled, unanswered := t.Throttle.State()
		for reason, closed := range map[string]bool{"throttled": throttled, "unanswered": unanswered} {
			value := 0.0
			if closed {
				value = 1
			}
			to <- prometheus.MustNewConstMetric(tenantClosed, prometheus.GaugeValue, value, t.Name, reason)
		}
	}
}
