package v1alpha1_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/internal/recording"
)

// recorded is a recording of the API server, with these objects: it has to judge all others as the API server does.
func recorded(t *testing.T, objects ...client.Object) client.Client {
	t.Helper()
	for _, plural := range []string{"entratenants", "phoneauthenticationmethods"} {
		crd := &unstructured.Unstructured{}
		crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
		if err := k8s(t).Get(t.Context(), client.ObjectKey{Name: plural + ".identity.entraops.dev"}, crd); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, crd)
	}
	namespace := &unstructured.Unstructured{}
	namespace.SetGroupVersionKind(schema.GroupVersionKind{Version: "v1", Kind: "Namespace"})
	namespace.SetName("default")
	var file bytes.Buffer
	w := recording.Begin(&file, time.Now(), "test")
	for _, o := range append(objects, namespace) {
		if err := w.Object(o); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(); err != nil {
		t.Fatal(err)
	}
	r, err := recording.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	return r.Client()
}

// accept fails where the API server does not take an object, or a recording does not make the same of it.
func accept(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()
	offline := o.DeepCopy()
	if err := k8s(t).Create(t.Context(), o, client.DryRunAll); err != nil {
		t.Fatalf("refused: %v", err)
	}
	if err := recorded(t).Create(t.Context(), offline); err != nil {
		t.Fatalf("refused offline: %v", err)
	}
	if diff := cmp.Diff(o.Object["spec"], offline.Object["spec"]); diff != "" {
		t.Errorf("completed otherwise offline (-online +offline):\n%s", diff)
	}
}
