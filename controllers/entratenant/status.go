package entratenant

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/index"
	"github.com/entraops/phone-operator/internal/patch"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/user"
)

// report writes what was found of a tenant into its status, changes only.
func (r *Reconciler) report(ctx context.Context, o *v1alpha1.EntraTenant, found connection, count v1alpha1.EntraTenantStatus) error {
	if !o.DeletionTimestamp.IsZero() {
		found.ready = conditions.False(v1alpha1.ReasonInUse, fmt.Sprintf(
			"The EntraTenant is deleted once nothing refers to it: %d PhoneAuthenticationMethods do.", count.Methods.Total))
		found.progress = conditions.InProgress
	}
	base := o.DeepCopy()
	s := &o.Status
	s.ObservedGeneration = o.Generation
	s.Users, s.Methods, s.PendingChanges = count.Users, count.Methods, count.PendingChanges
	driftPeriod := o.Spec.ResyncPeriodOrDefault()
	if t, ok := r.Tenants.Last(o.Name); ok {
		s.Pace = tenant.ReportPace(s.Pace, t.Throttle.Pace(), s.Users, count.Pace.AllReadSince.Time, r.Now())
		driftPeriod = t.DriftPeriod(r.Now())
	}
	conditions.Put(&s.Conditions, v1alpha1.ConditionReady, found.ready, o.Generation)
	if found.least.Reason != "" {
		conditions.Put(&s.Conditions, v1alpha1.ConditionLeastPrivilege, found.least, o.Generation)
	}
	sight := visible(o)
	setWarning(&s.Conditions, v1alpha1.ConditionProtectedUsersVisible, sight, o.Generation)
	setWarning(&s.Conditions, v1alpha1.ConditionDriftChecksInTime, driftChecksInTime(s.Pace.DriftPass, driftPeriod, o.Spec.ResyncPeriod == nil && driftPeriod == v1alpha1.AuditedResyncPeriod), o.Generation)
	setWarning(&s.Conditions, v1alpha1.ConditionAuditLogFollowed, auditLogFollowed(s.AuditLog.LastAnswer), o.Generation)
	conditions.PutProgress(&s.Conditions, found.progress, found.ready, o.Generation)
	if equality.Semantic.DeepEqual(base.Status, o.Status) {
		return nil
	}
	change := patch.Optimistic(base)
	if isCountOnly(base.Status, o.Status) {
		// Nobody else writes these. Each deletion that is saved makes a new version: the count would
		// come second all the time while many phones are deleted, and be made again.
		change = client.MergeFrom(base)
	}
	if err := r.Client.Status().Patch(ctx, o, change); err != nil {
		return fmt.Errorf("write the status of the EntraTenant: %w", err)
	}
	r.written.note(o)
	was := meta.FindStatusCondition(base.Status.Conditions, v1alpha1.ConditionReady)
	if was == nil || was.Status != found.ready.Status || was.Reason != found.ready.Reason {
		kind := corev1.EventTypeNormal
		if found.progress == conditions.Failed {
			kind = corev1.EventTypeWarning
		}
		r.Events.Eventf(o, nil, kind, found.ready.Reason, "Reconcile", "%s", found.ready.Message)
	}
	broad := meta.IsStatusConditionFalse(base.Status.Conditions, v1alpha1.ConditionLeastPrivilege)
	if found.least.Reason == v1alpha1.ReasonBroadPermissions && !broad {
		r.Events.Eventf(o, nil, corev1.EventTypeWarning, found.least.Reason, "Reconcile", "%s", found.least.Message)
	}
	seen := meta.FindStatusCondition(base.Status.Conditions, v1alpha1.ConditionProtectedUsersVisible)
	if sight.Status == metav1.ConditionFalse && (seen == nil || seen.Reason != sight.Reason) {
		r.Events.Eventf(o, nil, corev1.EventTypeWarning, sight.Reason, "Reconcile", "%s", sight.Message)
	}
	return nil
}

// isCountOnly reports whether two statuses differ in nothing but counts and the pace.
func isCountOnly(was, now v1alpha1.EntraTenantStatus) bool {
	was.Users, was.Methods, was.PendingChanges, was.Pace = now.Users, now.Methods, now.PendingChanges, now.Pace
	return equality.Semantic.DeepEqual(was, now)
}

// setWarning sets a condition for which nothing waits, or takes it off where nothing is known.
func setWarning(all *[]metav1.Condition, name string, c conditions.Condition, generation int64) {
	if c.Reason == "" {
		meta.RemoveStatusCondition(all, name)
		return
	}
	conditions.Put(all, name, c, generation)
}

// driftChecksInTime compares how long a drift pass takes with how often there is one.
func driftChecksInTime(pass *metav1.Duration, period time.Duration, followed bool) conditions.Condition {
	switch {
	case pass == nil:
		return conditions.Condition{}
	case pass.Duration > period:
		return conditions.False(v1alpha1.ReasonPaceTooSlow, paceTooSlow)
	case followed:
		return conditions.True(v1alpha1.ReasonInTime, "Each user is read once a week, and when the audit log tells of a change.")
	}
	return conditions.True(v1alpha1.ReasonInTime, "Each user is read once in resyncPeriod.")
}

// auditLogFollowed says what came of reading the audit log.
func auditLogFollowed(answer v1alpha1.AuditLogAnswer) conditions.Condition {
	switch answer {
	case v1alpha1.AuditLogFollowed:
		return conditions.True(v1alpha1.ReasonFollowed, "Entra's audit log is read every few minutes, and tells whose phones were changed by others.")
	case v1alpha1.AuditLogNotGranted:
		return conditions.False(v1alpha1.ReasonNotGranted, auditLogNotGranted)
	case v1alpha1.AuditLogUnlicensed:
		return conditions.False(v1alpha1.ReasonUnlicensed, "Graph does not show the audit log to a tenant of this licence: each user is read once in resyncPeriod instead.")
	case v1alpha1.AuditLogUnavailable:
		return conditions.Unknown(v1alpha1.ReasonUnavailable, "Graph did not show the audit log when it was asked last; it is asked again in a few minutes.")
	}
	return conditions.Condition{}
}

// count counts what refers to a tenant. Only those fields of the status are set.
func (r *Reconciler) count(ctx context.Context, name string) (v1alpha1.EntraTenantStatus, error) {
	var s v1alpha1.EntraTenantStatus
	users := map[string]bool{} // those who have a phone are true
	err := index.EachOfTenant(ctx, r.Client, name, func(o *v1alpha1.PhoneAuthenticationMethod) {
		id := user.KeyOf(o).User
		users[id] = users[id] || o.Status.ID != "" && !o.Spec.Suspend
		s.Methods.Total++
		if !o.DeletionTimestamp.IsZero() {
			s.Methods.Deleting++
		}
		if meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady) {
			s.Methods.Ready++
		}
		if meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionStalled) {
			s.Methods.Stalled++
		}
		// Of a suspended one, conditions are as they were left, and Enforce writes nothing for it.
		synced := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionSynced)
		if synced != nil && synced.Reason == v1alpha1.ReasonWouldChange && !o.Spec.Suspend {
			s.PendingChanges++
		}
	})
	if err != nil {
		return v1alpha1.EntraTenantStatus{}, fmt.Errorf("list the resources of the tenant: %w", err)
	}
	s.Users = int32(len(users))
	if t, ok := r.Tenants.Last(name); ok {
		s.Pace.AllReadSince = metav1.NewTime(t.Reads.Since(users, r.Now()))
	}
	return s, nil
}
