package preview

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// namespace is one of the cluster.
type namespace struct {
	*metav1.PartialObjectMetadata
	hidden bool // the caller may not read it: it has the label that every namespace has, and no other
}

func readNamespace(ctx context.Context, api client.Reader, name string) (namespace, error) {
	o := &metav1.PartialObjectMetadata{}
	o.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	err := api.Get(ctx, client.ObjectKey{Name: name}, o)
	if apierrors.IsForbidden(err) {
		o.Name, o.Labels = name, map[string]string{corev1.LabelMetadataName: name}
		return namespace{o, true}, nil
	}
	return namespace{o, false}, err
}
