package phonemethod

import (
	"encoding/json"
	"runtime"
	"testing"
	"time"
	"unique"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/patch"
)

func TestTheCacheKeepsWhatIsReadOfAResource(t *testing.T) {
	at := func(second int64) *metav1.Time { return &metav1.Time{Time: time.Unix(second, 0)} }
	o := aResource("a", "ada@contoso.com", having(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady))
	o.Labels = map[string]string{"kustomize.toolkit.fluxcd.io/name": "people"}
	o.Annotations = map[string]string{v1alpha1.ReconcileRequestedAtAnnotation: "now", "argocd.argoproj.io/tracking-id": "x"}
	o.Finalizers = []string{v1alpha1.Finalizer}
	o.Status.UserID, o.Status.MaskedNumber = ada, "+1 ********01"
	want := o.DeepCopy()
	want.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "flux"}}

	spec := metav1.NewFieldsV1(`{"f:spec":{"f:phoneNumber":{}}}`)
	o.Labels["app.kubernetes.io/part-of"], o.Annotations["example.com/note"] = "people", "nobody reads it"
	o.OwnerReferences = []metav1.OwnerReference{{Name: "x"}}
	o.Annotations[corev1.LastAppliedConfigAnnotation] = `{"spec":{"phoneNumber":"+1 2065550101"}}`
	o.ManagedFields = []metav1.ManagedFieldsEntry{
		{Manager: "kubectl", Time: at(1), FieldsV1: spec},
		{Manager: "flux", Time: at(3), FieldsV1: spec},
		{Manager: "annotates", Time: at(6), FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:annotations":{"f:spec":{}}}}`)},
		{Manager: "someone", Time: at(4), Subresource: "status", FieldsV1: spec},
		{Manager: patch.FieldManager, Time: at(5), FieldsV1: spec},
		{Manager: "earlier", Time: at(2), FieldsV1: spec},
	}
	got, err := Thin(o)
	must(err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	again, err := Thin(o) // a list is thinned as it arrives, and once more as it comes into the cache
	must(err)
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("the second time: %s", diff)
	}
}

// Who takes a finalizer off a copy, or is answered a whole object, changes nothing of other resources.
func TestWhatResourcesShareIsNotChanged(t *testing.T) {
	resource := func() *v1alpha1.PhoneAuthenticationMethod {
		o := aResource("a", "ada@contoso.com")
		o.Finalizers = []string{v1alpha1.Finalizer}
		o.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "flux", Operation: "Update", Time: &metav1.Time{}, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{}}`)}}
		_, err := Thin(o)
		must(err)
		return o
	}
	one, other := resource(), resource()
	if &one.Finalizers[0] != &other.Finalizers[0] || &one.ManagedFields[0] != &other.ManagedFields[0] {
		t.Error("two resources that say the same do not share it")
	}
	for _, finalizers := range [][]string{{"example.com/other"}, nil} {
		changed := one.DeepCopy()
		controllerutil.RemoveFinalizer(changed, v1alpha1.Finalizer)
		changed.Finalizers = append(changed.Finalizers, finalizers...)
		must(json.Unmarshal([]byte(`{"metadata":{"finalizers":["example.com/third"],"managedFields":[{"manager":"kubectl"}]}}`), changed))
		_ = append(one.Finalizers, "example.com/fourth")
	}
	if diff := cmp.Diff(resource(), other); diff != "" {
		t.Error(diff)
	}
	if other.Finalizers[0] != v1alpha1.Finalizer || other.ManagedFields[0].Manager != "flux" {
		t.Errorf("another resource says %v, %v", other.Finalizers, other.ManagedFields)
	}
}

func TestTheCacheHasTheWordsOfConditionsOnce(t *testing.T) {
	resource := func() *v1alpha1.PhoneAuthenticationMethod {
		words := []byte("Graph has this phone as it is asked for.") // no constant: each of its own, as decoded
		o := aResource("a", "ada@contoso.com")
		o.Status.Conditions = []metav1.Condition{{Type: string(words[:5]), Message: string(words)}}
		_, err := Thin(o)
		must(err)
		return o
	}
	// Held here, or a collection between the two might forget them.
	held := []unique.Handle[string]{unique.Make("Graph"), unique.Make("Graph has this phone as it is asked for.")}
	defer runtime.KeepAlive(held)
	one, other := resource(), resource()
	for _, pair := range [][2]string{
		{one.Status.Conditions[0].Message, other.Status.Conditions[0].Message}, {one.Status.Conditions[0].Type, other.Status.Conditions[0].Type},
	} {
		if unsafe.StringData(pair[0]) != unsafe.StringData(pair[1]) {
			t.Errorf("%q is there twice", pair[0])
		}
	}
}
