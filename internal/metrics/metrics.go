// Package metrics is what the operator tells Prometheus, in one place: docs/metrics.md is made from
// it. A label names a tenant, a class or a reason, and never a user or a number: those would be
// personal data, and as many series as there are people.
package metrics

import (
	"errors"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/entraops/phone-operator/internal/version"
)

// Definition describes one metric.
type Definition struct {
	Name, Kind, Help string
	Labels           []string
}

// Of what the operator does. They count from the start of the process.
var (
	GraphRequests = counter("phone_operator_graph_requests_total",
		"Requests to Microsoft Graph that were sent, by class (authentication, directory, reports) and code (2xx, 3xx, 4xx, 429, 5xx, none: no answer).",
		"tenant", "class", "code")
	GraphRequestSeconds = histogram("phone_operator_graph_request_duration_seconds",
		"From when a request to Graph was sent to its answer, or until it was given up. Time in the throttle is not in it.",
		[]float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}, "tenant", "class")
	ThrottleDelays = histogram("phone_operator_throttle_delay_seconds",
		"How long reconciles are put off that may not begin or go on now, by reason (rate limited; paused: Graph asked for it; circuit open; no worker). One that has to wait twice counts twice.",
		[]float64{.1, .5, 1, 5, 10, 30, 60, 300, 900, 3600}, "tenant", "reason")
	GraphWrites = counter("phone_operator_graph_writes_total",
		"Writes to Microsoft Graph, by action, phone type and result (done, or the kind of failure).",
		"tenant", "action", "phone_type", "result")
	TimeToReady = histogram("phone_operator_time_to_ready_seconds",
		"From the last change of a resource by somebody else until its phone was registered, changed or adopted and the resource Ready; not of numbers that change in a Secret, nor where a person had to act first. In whole seconds, for Kubernetes notes changes so.",
		[]float64{1, 2, 5, 10, 30, 60, 120, 300, 900, 3600, 14400, 86400}, "tenant")
	DriftFound = counter("phone_operator_drift_found_total",
		"Changes made in Entra that were found, by what became of them (corrected, reported).",
		"tenant", "outcome")
	DeletionsWithheld = counter("phone_operator_deletions_withheld_total",
		"Looks at which a deletion waited because the tenant's limits.deletionsPerHour was used up.",
		"tenant")
	RefusedClaims = counter("phone_operator_refused_claims_total",
		"Resources that came to be refused, by reason (NotPermitted, PrivilegedUser, UserChanged).",
		"tenant", "reason")
	Guesses = counter("phone_operator_guesses_total",
		"Numbers that were compared with an existing phone which no resource holds, and are not its number.",
		"tenant")
)

// Of how things stand. They are worked out when Prometheus asks.
var (
	Methods = gauge("phone_operator_methods",
		"PhoneAuthenticationMethods by status (True, False, Unknown) and reason of their Ready condition; both are empty before the first reconcile.",
		"tenant", "status", "reason")
	MethodsDeleting = gauge("phone_operator_methods_deleting",
		"PhoneAuthenticationMethods that are deleted, and not gone yet.",
		"tenant")
	TenantReady = gauge("phone_operator_tenant_ready",
		"1 while the EntraTenant is Ready, else 0.",
		"tenant")
	TenantClosed = gauge("phone_operator_tenant_closed",
		"1 while the users of a tenant wait: because Graph asked for a pause (throttled), or because nobody answers there (unanswered, the circuit breaker is open).",
		"tenant", "reason")
	Pace = gauge("phone_operator_graph_pace",
		"Requests a second that Graph seems to accept, as far as that was learnt, by class.",
		"tenant", "class")
	PaceCeiling = gauge("phone_operator_graph_pace_ceiling",
		"Requests a second above which the pace does not rise, by class; absent where limits set none.",
		"tenant", "class")
	DeletionsLeft = gauge("phone_operator_deletions_left",
		"Deletions that limits.deletionsPerHour still allows now.",
		"tenant")
	LastFullPass = gauge("phone_operator_last_full_pass_timestamp_seconds",
		"When the last drift pass began that read all users of the tenant; absent before the first.",
		"tenant")
	AuditLogRead = gauge("phone_operator_audit_log_read_timestamp_seconds",
		"Up to when Entra's audit log was read; absent where it is not.",
		"tenant")
	NotWritable = gauge("phone_operator_not_writable",
		"Resources whose status or finalizer the API server does not take (NotWritable); they take part in nothing.")
	BuildInfo = gauge("phone_operator_build_info",
		"Always 1; the label has the version of the operator.",
		"version")
)

// Begin has what is counted of a tenant begin at 0. Of a counter that begins with the first event Prometheus
// sees no increase by it.
func Begin(tenant string) {
	for _, outcome := range []string{"corrected", "reported"} {
		DriftFound.WithLabelValues(tenant, outcome)
	}
	for _, reason := range []string{"NotPermitted", "PrivilegedUser", "UserChanged"} {
		RefusedClaims.WithLabelValues(tenant, reason)
	}
	DeletionsWithheld.WithLabelValues(tenant)
	Guesses.WithLabelValues(tenant)
}

var (
	definitions []Definition
	collectors  []prometheus.Collector
)

// Definitions returns all metrics by name.
func Definitions() []Definition {
	return slices.SortedFunc(slices.Values(definitions), func(a, b Definition) int { return strings.Compare(a.Name, b.Name) })
}

// Register registers the metrics of what is done, and the version. How things stand is collected by
// those who know it.
func Register(r prometheus.Registerer) error {
	failed := []error{r.Register(build{})}
	for _, c := range collectors {
		failed = append(failed, r.Register(c))
	}
	return errors.Join(failed...)
}

// build collects BuildInfo.
type build struct{}

func (build) Describe(to chan<- *prometheus.Desc) { to <- BuildInfo }

func (build) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.MustNewConstMetric(BuildInfo, prometheus.GaugeValue, 1, version.String())
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return define("counter", prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels), name, help, labels)
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return define("histogram", prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels), name, help, labels)
}

func define[C prometheus.Collector](kind string, c C, name, help string, labels []string) C {
	definitions = append(definitions, Definition{name, kind, help, labels})
	collectors = append(collectors, c)
	return c
}

func gauge(name, help string, labels ...string) *prometheus.Desc {
	definitions = append(definitions, Definition{name, "gauge", help, labels})
	return prometheus.NewDesc(name, help, labels, nil)
}
