package phonemethod

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

// refusedClaims counts resources that came to be refused, so that whoever watches the
// cluster sees what a Warning event tells the namespace of the resource only.
var refusedClaims = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "phone_operator_refused_claims_total",
	Help: "Resources that came to be refused, by tenant and reason (NotPermitted, PrivilegedUser, UserChanged).",
}, []string{"tenant", "reason"})

// guessed counts numbers that were compared with a phone of Entra and are not its number.
var guessed = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "phone_operator_guesses_total",
	Help: "Numbers that were compared with an existing phone which no resource holds, and are not its number.",
}, []string{"tenant"})

// notWritable describes a gauge.
var notWritable = prometheus.NewDesc("phone_operator_not_writable",
	"Resources whose status or finalizer the API server does not take (NotWritable); they take part in nothing.", nil, nil)

// writability shows how many resources are out.
type writability struct{ of *writeRefusals }

func (w writability) Describe(to chan<- *prometheus.Desc) { to <- notWritable }

func (w writability) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.MustNewConstMetric(notWritable, prometheus.GaugeValue, float64(w.of.count()))
}

func registerMetrics(u *writeRefusals) error {
	for _, c := range []prometheus.Collector{graphWrites, deletionsWithheld, refusedClaims, guessed, writability{u}} {
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
