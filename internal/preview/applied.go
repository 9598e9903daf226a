package preview

import (
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
)

// appliedAs says how an object was applied before, so that what a manifest leaves out now goes as it would when it is
// applied: what kubectl's client-side apply kept of it, "" if it was applied otherwise, and the field manager.
func appliedAs(live *unstructured.Unstructured) (applied, manager string) {
	manager = "kubectl" // of kubectl apply --server-side
	if live == nil {
		return "", manager
	}
	var last *metav1.ManagedFieldsEntry
	for _, e := range live.GetManagedFields() {
		if e.Operation == metav1.ManagedFieldsOperationApply && e.Subresource == "" && (last == nil || last.Time.Before(e.Time)) {
			last = &e
		}
	}
	if last != nil {
		return "", last.Manager
	}
	return live.GetAnnotations()[corev1.LastAppliedConfigAnnotation], manager
}

// threeWay is the patch that kubectl's client-side apply would send, but for its own annotation.
func threeWay(applied, modified []byte, live *unstructured.Unstructured) ([]byte, error) {
	current, err := json.Marshal(live)
	if err != nil {
		return nil, err
	}
	return jsonmergepatch.CreateThreeWayJSONMergePatch(applied, modified, current)
}
