package phonemethod

import (
	"slices"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// Thin bounds what the cache keeps of a resource, however much its editors write
// into its metadata: of labels and annotations those that are read, cut; of who manages
// which fields what the audit line says; of foreign finalizers that there are some. What
// thousands of resources say in the same words it keeps once.
//
// Patches are the difference to the cached object, so what is left out here is not
// touched by them. A list is patched as a whole: see withAllFinalizers.
func Thin(o any) (any, error) {
	m, ok := o.(*v1alpha1.PhoneAuthenticationMethod)
	if !ok {
		return o, nil
	}
	m.ManagedFields = lastManager(m.ManagedFields)
	m.Labels, m.Annotations = only(m.Labels, labelsRead), only(m.Annotations, annotationsRead)
	m.OwnerReferences, m.GenerateName = nil, ""
	m.Finalizers = thinFinalizers(m.Finalizers)
	m.Kind, m.APIVersion, m.Namespace = shared(m.Kind), shared(m.APIVersion), shared(m.Namespace)
	m.Spec.PhoneType = shared(m.Spec.PhoneType)
	m.Status.ID, m.Status.SMSSignInState = shared(m.Status.ID), shared(m.Status.SMSSignInState)
	m.Status.MaskedNumber = shared(m.Status.MaskedNumber)   // a country code and two digits: there are some hundreds
	m.Status.Conditions = slices.Clone(m.Status.Conditions) // decoding leaves room at the end
	for i := range m.Status.Conditions {
		c := &m.Status.Conditions[i]
		c.Type, c.Status, c.Reason, c.Message = shared(c.Type), shared(c.Status), shared(c.Reason), shared(c.Message)
	}
	return m, nil
}

// Labels and annotations that the operator reads.
var (
	labelsRead      = []string{fluxKustomize + fluxName, fluxKustomize + fluxNamespace, fluxHelm + fluxName, fluxHelm + fluxNamespace}
	annotationsRead = []string{v1alpha1.ReconcileRequestedAtAnnotation, argoTrackingID}
)

// only returns the pairs with these keys, their values cut; nil for none. The map is a
// new one, since a map keeps the room that it once needed.
func only(all map[string]string, keys []string) (some map[string]string) {
	for _, key := range keys {
		if value, ok := all[key]; ok {
			if some == nil {
				some = map[string]string{}
			}
			some[shared(key)] = cut(value)
		}
	}
	return some
}

// foreignFinalizers stands in the cache for all finalizers of a resource that are not the
// operator's: there can be a megabyte of them. It is no name that the API server takes, so
// that a patch which would put it in their place is refused.
const foreignFinalizers = "(others)"

// ownFinalizer are the finalizers of most resources, not to be changed.
var ownFinalizer = slices.Clip([]string{v1alpha1.Finalizer})

func thinFinalizers(all []string) (some []string) {
	if len(all) == 1 && all[0] == v1alpha1.Finalizer {
		return ownFinalizer
	}
	if slices.Contains(all, v1alpha1.Finalizer) {
		some = append(some, v1alpha1.Finalizer)
	}
	if len(all) > len(some) {
		some = append(some, foreignFinalizers)
	}
	return some
}
