package controllers

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/plan"
)

// graphWrites counts writes to Graph. No label holds a user or a number.
var graphWrites = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "phone_operator_graph_writes_total",
	Help: "Writes to Microsoft Graph, by tenant, action, phone type and result (done, or the kind of failure).",
}, []string{"tenant", "action", "phone_type", "result"})

func registerMetrics() error {
	return metrics.Registry.Register(graphWrites)
}

func countWrite(tenant string, a plan.Action, failure graph.Kind) {
	result := string(failure)
	if failure == "" {
		result = "done"
	}
	graphWrites.WithLabelValues(tenant, a.Verb.String(), string(a.Type), result).Inc()
}
