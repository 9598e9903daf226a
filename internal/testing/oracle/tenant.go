package oracle

import (
	"cmp"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// Counts is what a tenant counts wrong of its resources, which are among all; "" is nothing.
func Counts(t *v1alpha1.EntraTenant, all []v1alpha1.PhoneAuthenticationMethod) string {
	var want v1alpha1.MethodCounts
	users, pending := map[string]bool{}, int32(0)
	for _, o := range all {
		if o.Spec.TenantName() != t.Name {
			continue
		}
		want.Total++
		if o.DeletionTimestamp != nil {
			want.Deleting++
		}
		// Whose namespace no rule is for was never looked up: the spelling counts.
		users[strings.ToLower(cmp.Or(o.Status.UserID, o.Spec.User))] = true
		if meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady) {
			want.Ready++
		}
		if meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionStalled) {
			want.Stalled++
		}
		synced := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionSynced)
		if synced != nil && synced.Reason == v1alpha1.ReasonWouldChange && !o.Spec.Suspend {
			pending++
		}
	}
	if t.Status.Methods == want && int(t.Status.Users) == len(users) && t.Status.PendingChanges == pending {
		return ""
	}
	return fmt.Sprintf("tenant %s says %d users, %+v and %d pending changes, and there are %d, %+v and %d",
		t.Name, t.Status.Users, t.Status.Methods, t.Status.PendingChanges, len(users), want, pending)
}
