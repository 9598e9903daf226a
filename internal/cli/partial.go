package cli

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// maxCompleted is how many names a shell is offered.
const maxCompleted = 500

// partial is a kind of which only the metadata is read.
type partial schema.GroupVersionKind

var (
	methods    = partial(v1alpha1.GroupVersion.WithKind("PhoneAuthenticationMethodList"))
	tenants    = partial(v1alpha1.GroupVersion.WithKind("EntraTenantList"))
	namespaces = partial(corev1.SchemeGroupVersion.WithKind("NamespaceList"))
)

func (p partial) list() *metav1.PartialObjectMetadataList {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(schema.GroupVersionKind(p))
	return list
}
