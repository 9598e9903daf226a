package overview

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// Tenant is an EntraTenant at a glance.
type Tenant struct {
	Name    string        `json:"name"`
	Ready   string        `json:"ready"`
	Reason  string        `json:"reason"`
	Message string        `json:"message,omitempty"` // why it is not Ready
	Mode    v1alpha1.Mode `json:"mode"`
	Methods Counts        `json:"methods"` // of those that were read
	Pending int32         `json:"pendingChanges,omitempty"`

	AuthenticationRequestsPerMinute int32            `json:"authenticationRequestsPerMinute,omitempty"` // learnt; 0 is not yet
	DriftPass                       *metav1.Duration `json:"driftPass,omitempty"`
	ResyncPeriod                    metav1.Duration  `json:"resyncPeriod"`

	DeletionsLastHour int32 `json:"deletionsLastHour"`
	DeletionsPerHour  int32 `json:"deletionsPerHour"`

	// Warnings are conditions that are False and for which nothing waits.
	Warnings []string `json:"warnings,omitempty"`
}

// TenantOf reads an EntraTenant's status. methods are those of its resources that were read: status has all, but is written
// from time to time only.
func TenantOf(o *v1alpha1.EntraTenant, methods Counts, now time.Time) Tenant {
	s := o.Status
	t := Tenant{
		Name: o.Name, Ready: string(metav1.ConditionUnknown), Reason: NotReconciled, Mode: o.Spec.ModeOrDefault(),
		Methods: methods, Pending: s.PendingChanges,
		AuthenticationRequestsPerMinute: s.Pace.AuthenticationRequestsPerMinute,
		DriftPass:                       s.Pace.DriftPass, ResyncPeriod: metav1.Duration{Duration: o.Spec.ResyncPeriodOrDefault()},
		DeletionsPerHour: o.Spec.DeletionsPerHourOrDefault(),
	}
	if ready := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady); ready != nil {
		t.Ready, t.Reason = string(ready.Status), ready.Reason
		if ready.Status != metav1.ConditionTrue {
			t.Message = ready.Message
		}
	}
	for _, d := range s.RecentDeletions {
		if now.Sub(d.Minute.Time) < v1alpha1.DeletionWindow {
			t.DeletionsLastHour += d.Count
		}
	}
	for _, kind := range []string{v1alpha1.ConditionLeastPrivilege, v1alpha1.ConditionProtectedUsersVisible, v1alpha1.ConditionDriftChecksInTime} {
		if c := meta.FindStatusCondition(s.Conditions, kind); c != nil && c.Status == metav1.ConditionFalse {
			t.Warnings = append(t.Warnings, c.Reason+": "+c.Message)
		}
	}
	if c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionContested); c != nil {
		t.Warnings = append(t.Warnings, c.Reason+": "+c.Message)
	}
	return t
}
