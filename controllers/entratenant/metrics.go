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

// gauges collects how things stand with the tenants that this operator works for, from its cache
// and memory. A replica that does not lead works for none.
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
		g.ofThrottle(to, t)
	}
	if len(ours) == 0 {
		return
	}
	g.ofStatus(to, ours)
	g.ofMethods(to, ours)
}

// ofThrottle collects what is known of the way to a tenant's Graph.
func (g gauges) ofThrottle(to chan<- prometheus.Metric, t *tenant.Tenant) {
	paused, open := t.Throttle.State()
	send(to, metrics.TenantClosed, number(paused), t.Name, "throttled")
	send(to, metrics.TenantClosed, number(open), t.Name, "unanswered")
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

// ofStatus collects what stands in the status of the EntraTenants.
func (g gauges) ofStatus(to chan<- prometheus.Metric, ours map[string]*tenant.Tenant) {
	var all v1alpha1.EntraTenantList
	if g.cache.List(context.Background(), &all, client.UnsafeDisableDeepCopy) != nil {
		return
	}
	for _, o := range all.Items {
		if ours[o.Name] == nil {
			continue
		}
		send(to, metrics.TenantReady, number(meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady)), o.Name)
		for desc, at := range map[*prometheus.Desc]metav1.Time{
			metrics.LastFullPass: o.Status.Pace.AllReadSince, metrics.AuditLogRead: o.Status.AuditLog.Position,
		} {
			if !at.IsZero() {
				send(to, desc, float64(at.Unix()), o.Name)
			}
		}
	}
}

// ofMethods counts the resources. Those that name no tenant of ours are left out: whoever edits
// resources would make as many series as he likes.
func (g gauges) ofMethods(to chan<- prometheus.Metric, ours map[string]*tenant.Tenant) {
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

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
