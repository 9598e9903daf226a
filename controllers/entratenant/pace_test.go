package entratenant

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/throttle"
)

// A ceiling is where the pace begins that nothing was learnt of: so it can be told from
// one that was.
func TestThePaceOfATenantIsToldAndOutlivesARestart(t *testing.T) {
	o := newOneTenant(t)
	now := time.Now()
	o.Now = func() time.Time { return now }
	must(o.reconcile())
	if got := o.get().Status.Pace; got.AuthenticationRequestsPerMinute != 30 || got.DriftPass != nil {
		t.Errorf("at first it is %+v", got)
	}
	must(o.Client.Create(t.Context(), aResource("a", "ada@contoso.com")))
	o.edit(func(s *v1alpha1.EntraTenantSpec) {
		s.Limits = &v1alpha1.Limits{AuthenticationRequestsPerMinute: ptr.To[int32](300)}
	})
	now = now.Add(time.Minute)
	must(o.reconcile())
	if got := o.get().Status.Pace; got.AuthenticationRequestsPerMinute != 300 || got.DriftPass == nil || got.DriftPass.Duration != time.Second {
		t.Errorf("then it is %+v", got)
	}
	before := o.get().ResourceVersion
	now = now.Add(time.Minute)
	must(o.reconcile())
	if after := o.get().ResourceVersion; after != before {
		t.Error("the status is written although nothing changed")
	}

	o.Tenants, o.probes = tenant.NewRegistry(), probes{}
	o.edit(func(s *v1alpha1.EntraTenantSpec) { s.Limits = nil })
	must(o.reconcile())
	again, _ := o.Tenants.Last(tenantName)
	if got := again.Throttle.Pace()[throttle.Authentication]; got != 5 {
		t.Errorf("the next operator begins with %v a second", got)
	}
}

func TestADriftPassThatTakesLongerThanTheResyncPeriodIsTold(t *testing.T) {
	o := newOneTenant(t)
	now := time.Now()
	o.Now = func() time.Time { return now }
	tells := func() (reason string) {
		must(o.reconcile())
		if c := meta.FindStatusCondition(o.get().Status.Conditions, v1alpha1.ConditionDriftChecksInTime); c != nil {
			reason = string(c.Status) + " " + c.Reason
		}
		return reason
	}
	if got := tells(); got != "" {
		t.Errorf("without users it says %q", got)
	}
	for i := range 20 { // 40 s at 30 a minute
		must(o.Client.Create(t.Context(), aResource(fmt.Sprintf("a%d", i), fmt.Sprintf("ada%d@contoso.com", i))))
	}
	for _, c := range []struct {
		resync time.Duration
		want   string
	}{{30 * time.Second, "False PaceTooSlow"}, {time.Minute, "True InTime"}} {
		o.edit(func(s *v1alpha1.EntraTenantSpec) { s.ResyncPeriod = &metav1.Duration{Duration: c.resync} })
		if got := tells(); got != c.want {
			t.Errorf("with a resyncPeriod of %v it says %q, want %q", c.resync, got, c.want)
		}
	}
}
