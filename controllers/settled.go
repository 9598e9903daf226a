package controllers

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// isSettled says whether there was a verdict on the resource as it is, with nothing
// left to do but for a person; what the tenant stood in the way of is none.
func isSettled(o *v1alpha1.PhoneAuthenticationMethod) bool {
	if o.Generation != o.Status.ObservedGeneration {
		return false
	}
	stalled := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionStalled)
	return isReady(o) || stalled != nil && stalled.Status == metav1.ConditionTrue && !slices.Contains(ofTheTenant, stalled.Reason)
}

var ofTheTenant = []string{v1alpha1.ReasonForbidden, v1alpha1.ReasonTenantNotFound, v1alpha1.ReasonTenantNotReady}

func isReady(o *v1alpha1.PhoneAuthenticationMethod) bool {
	return meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady)
}
