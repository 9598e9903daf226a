package phonemethod

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/metrics"
	"github.com/entraops/phone-operator/internal/plan"
)

// writability shows how many resources are out.
type writability struct{ of *writeRefusals }

func (w writability) Describe(to chan<- *prometheus.Desc) { to <- metrics.NotWritable }

func (w writability) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.MustNewConstMetric(metrics.NotWritable, prometheus.GaugeValue, float64(w.of.count()))
}

// measureWrite counts a write to Graph.
func measureWrite(tenant string, a plan.Action, failure graph.Kind) {
	result := string(failure)
	if failure == "" {
		result = "done"
		if a.Drift {
			metrics.DriftFound.WithLabelValues(tenant, "corrected").Inc()
		}
	}
	metrics.GraphWrites.WithLabelValues(tenant, a.Verb.String(), string(a.Type), result).Inc()
}

// measureReady measures how long it took from the last change of a resource until it is Ready, where
// this reconcile did what the change wanted: it wrote the phone, or found the one that is wanted.
func (r *Reconciler) measureReady(s snapshot, before, after resource) {
	if !after.isReady() || meta.IsStatusConditionTrue(before.object.Status.Conditions, v1alpha1.ConditionStalled) {
		return // a stalled one waited for a person, or for a rival to go
	}
	// One that updated a phone which it did not make is an heir.
	found := before.object.Status.ID == "" && after.object.Status.ID != "" && (after.made || !after.carriedOut)
	// A number that changed in its Secret is no change of the resource, and when that was is not known.
	edited := after.carriedOut && before.Edited
	if !found && !edited {
		return
	}
	changed := after.object.CreationTimestamp.Time
	if last := lastWrite(after.object.ManagedFields); last != nil { // as the API server answered, so it is all there
		changed = last.Time.Time
	}
	metrics.TimeToReady.WithLabelValues(s.key.Tenant).Observe(max(0, r.Now().Sub(changed).Seconds()))
}
