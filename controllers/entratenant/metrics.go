package entratenant

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/metrics"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/throttle"
)

// gauges are metrics of the tenants that this operator works for, from its cache and memory. A replica
// that does not lead works for none.
type gauges struct {
	cache   client.Reader
	tenants *tenant.Registry
}

func (g gauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		metrics.Methods, metrics.MethodsDeleting, metrics.TenantReady, metrics.TenantClosed, metrics.Pace,
		metrics.PaceCeiling, metrics.DeletionsLeft, metrics.LastFullPass, metrics.AuditLogRead,
	} {
		to <- d
	}
}

func (g gauges) Collect(to chan<- prometheus.Metric) {
	ours := map[string]*tenant.Tenant{}
	for _, t := range g.tenants.All() {
		ours[t.Name] = t
		g.collectThrottle(to, t)
	}
	if len(ours) == 0 {
		return
	}
	g.collectStatus(to, ours)
	g.collectMethods(to, ours)
}

// collectThrottle collects what a tenant may send to Graph: the rates, the pause, the deletions that are left.
func (g gauges) collectThrottle(to chan<- prometheus.Metric, t *tenant.Tenant) {
	paused, open := t.Throttle.State()
	send(to, metrics.TenantClosed, gauge(paused), t.Name, "throttled")
	send(to, metrics.TenantClosed, gauge(open), t.Name, "unanswered")
	ceilings := map[throttle.Class]float64{
		throttle.Authentication: float64(t.Spec.AuthenticationRequestsPerMinuteOrZero()) / 60,
		throttle.Directory:      float64(t.Spec.DirectoryRequestsPerSecondOrZero()),
	}
	pace := t.Throttle.Pace()
	for class, ceiling := range ceilings {
		send(to, metrics.Pace, pace[class], t.Name, class.String())
		if ceiling > 0 {
			send(to, metrics.PaceCeiling, ceiling, t.Name, class.String())
		}
	}
	if t.Deletions != nil {
		send(to, metrics.DeletionsLeft, float64(t.Deletions.Left(t.Spec.DeletionsPerHourOrDefault())), t.Name)
	}
}

// collectStatus collects what the status of the EntraTenants has.
func (g gauges) collectStatus(to chan<- prometheus.Metric, ours map[string]*tenant.Tenant) {
	var all v1alpha1.EntraTenantList
	if g.cache.List(context.Background(), &all, client.UnsafeDisableDeepCopy) != nil {
		return
	}
	for _, o := range all.Items {
		if ours[o.Name] == nil {
			continue
		}
		send(to, metrics.TenantReady, gauge(meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady)), o.Name)
		for desc, at := range map[*prometheus.Desc]metav1.Time{
			metrics.LastFullPass: o.Status.Pace.AllReadSince, metrics.AuditLogRead: o.Status.AuditLog.Position,
		} {
			if !at.IsZero() {
				send(to, desc, float64(at.Unix()), o.Name)
			}
		}
	}
}

// collectMethods counts the resources. Those that name no tenant of ours are left out: an editor of
// resources could make any number of series.
func (g gauges) collectMethods(to chan<- prometheus.Metric, ours map[string]*tenant.Tenant) {
	type state struct{ tenant, status, reason string }
	var all v1alpha1.PhoneAuthenticationMethodList
	if g.cache.List(context.Background(), &all, client.UnsafeDisableDeepCopy) != nil {
		return
	}
	methods, deleting := map[state]int{}, map[string]int{}
	for i := range all.Items {
		o := &all.Items[i]
		name := o.Spec.TenantName()
		if ours[name] == nil {
			continue
		}
		s := state{tenant: name}
		if ready := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
			s.status, s.reason = string(ready.Status), ready.Reason
		}
		methods[s]++
		if !o.DeletionTimestamp.IsZero() {
			deleting[name]++
		}
	}
	for s, n := range methods {
		send(to, metrics.Methods, float64(n), s.tenant, s.status, s.reason)
	}
	for name := range ours {
		send(to, metrics.MethodsDeleting, float64(deleting[name]), name)
	}
}

func send(to chan<- prometheus.Metric, what *prometheus.Desc, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(what, prometheus.GaugeValue, value, labels...)
}

// gauge is 1 for true.
func gauge(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
