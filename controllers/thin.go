package controllers

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/controllers/phonemethod"
)

// CacheOptions say what the manager's cache keeps. It has every PhoneAuthenticationMethod, and
// the metadata of every Secret and Namespace that it may watch, without what the operator does
// not read. kubectl's copy of an object stays out, too: it may hold a number or a Secret.
func CacheOptions() cache.Options {
	return cache.Options{
		NewInformer:      newInformer,
		DefaultTransform: thin,
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}:    {Transform: thinSecret},
			&corev1.Namespace{}: {Transform: thinNamespace},
		},
	}
}

// thin runs on each object of the cache, and in the first list already before the whole list is in memory.
func thin(o any) (any, error) {
	if _, ok := o.(*v1alpha1.PhoneAuthenticationMethod); ok {
		return phonemethod.Thin(o)
	}
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
		m.SetLabels(nil)
	}
	return thinNamespace(o)
}

// thinNamespace leaves of the metadata of a Namespace its labels, which access rules select by.
func thinNamespace(o any) (any, error) {
	if m, err := meta.Accessor(o); err == nil {
		m.SetManagedFields(nil)
		m.SetAnnotations(nil)
		m.SetOwnerReferences(nil)
		m.SetFinalizers(nil)
	}
	return o, nil
}
