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

// deletionsWithheld counts how often a deletion had to wait for the budget.
var deletionsWithheld = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "phone_operator_deletions_withheld_total",
	Help: "Looks at which a deletion waited because the tenant's limits.deletionsPerHour was used up.",
}, []string{"tenant"})

func registerMetrics() error {
	for _, c := range []prometheus.Collector{graphWrites, deletionsWithheld} {
		if err := metrics.Registry.Register(c); err != nil {
			return err
		}
	}
	return nil
}

func countWrite(tenant string, a plan.Action, failure graph.Kind) {
	result := string(failure)
	if failure == "" {
		result = "done"
	}
	graphWrites.WithLabelValues(tenant, a.Verb.String(), string(a.Type), result).Inc()
}
