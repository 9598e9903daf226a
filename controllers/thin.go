package controllers

import (
	"slices"
	"unique"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// CacheOptions are what the manager's cache is to keep. It has every
// PhoneAuthenticationMethod, and the metadata of every Secret that it may watch: what
// nobody reads of them stays out, and so does kubectl's copy of an object, which may
// hold a number or a Secret.
func CacheOptions() cache.Options {
	return cache.Options{
		DefaultTransform: thin,
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.PhoneAuthenticationMethod{}: {Transform: thinMethod},
			&corev1.Secret{}:                      {Transform: thinSecret},
		},
	}
}

func thin(o any) (any, error) {
	if m, err := meta.Accessor(o); err == nil {
		m.SetManagedFields(nil)
		if annotations := m.GetAnnotations(); annotations[corev1.LastAppliedConfigAnnotation] != "" {
			delete(annotations, corev1.LastAppliedConfigAnnotation)
			m.SetAnnotations(annotations)
		}
	}
	return o, nil
}

// thinSecret leaves of the metadata of a Secret what tells which one it is, and its version.
func thinSecret(o any) (any, error) {
	if m, err := meta.Accessor(o); err == nil {
		m.SetManagedFields(nil)
		m.SetLabels(nil)
		m.SetAnnotations(nil)
		m.SetOwnerReferences(nil)
		m.SetFinalizers(nil)
	}
	return o, nil
}

// thinMethod leaves of who manages which fields only what the audit line says, and
// keeps once what thousands of resources say in the same words.
func thinMethod(o any) (any, error) {
	m, ok := o.(*v1alpha1.PhoneAuthenticationMethod)
	if !ok {
		return thin(o)
	}
	last := lastManager(m.ManagedFields)
	if _, err := thin(m); err != nil {
		return nil, err
	}
	m.ManagedFields = last
	m.Kind, m.APIVersion, m.Namespace = shared(m.Kind), shared(m.APIVersion), shared(m.Namespace)
	for i, f := range m.Finalizers {
		m.Finalizers[i] = shared(f)
	}
	m.Spec.PhoneType = shared(m.Spec.PhoneType)
	m.Status.ID, m.Status.SMSSignInState = shared(m.Status.ID), shared(m.Status.SMSSignInState)
	m.Status.Conditions = slices.Clone(m.Status.Conditions) // decoding leaves room at the end
	for i := range m.Status.Conditions {
		c := &m.Status.Conditions[i]
		c.Type, c.Status, c.Reason, c.Message = shared(c.Type), shared(c.Status), shared(c.Reason), shared(c.Message)
	}
	return m, nil
}

// lastManager returns the entry that the audit line names, without its fields; none
// where nobody but the operator wrote.
func lastManager(all []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	var last *metav1.ManagedFieldsEntry
	for i := range all {
		if e := &all[i]; e.Subresource == "" && e.Manager != fieldManager && (last == nil || !e.Time.Before(last.Time)) {
			last = e
		}
	}
	if last == nil {
		return nil
	}
	return []metav1.ManagedFieldsEntry{{Manager: shared(last.Manager), Time: last.Time}}
}

// shared returns s as it lies in memory already, if it does.
func shared[S ~string](s S) S { return unique.Make(s).Value() }
