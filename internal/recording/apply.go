package recording

import (
	"encoding/json"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured/unstructuredscheme"
	"k8s.io/apimachinery/pkg/runtime"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// merged is an object with a JSON merge patch of another one's.
func merged(live, of *unstructured.Unstructured, patch client.Patch) (*unstructured.Unstructured, error) {
	change, err := patch.Data(of)
	if err != nil {
		return nil, err
	}
	was, err := json.Marshal(live)
	if err != nil {
		return nil, err
	}
	is, err := jsonpatch.MergePatch(was, change)
	if err != nil {
		return nil, err
	}
	got := &unstructured.Unstructured{}
	return got, got.UnmarshalJSON(is)
}

// applied is what server-side apply makes of an object; nil is a new one. The error is the API server's.
func applied(types managedfields.TypeConverter, live, want *unstructured.Unstructured, manager string) (*unstructured.Unstructured, error) {
	gvk := want.GroupVersionKind()
	fields, err := managedfields.NewDefaultCRDFieldManager(types, asItIs{}, asItIs{},
		unstructuredscheme.NewUnstructuredCreator(), gvk, gvk.GroupVersion(), "", nil)
	if err != nil {
		return nil, err
	}
	base := &unstructured.Unstructured{Object: map[string]any{}}
	base.SetGroupVersionKind(gvk)
	if live != nil {
		base = live.DeepCopy()
	}
	got, err := fields.Apply(base, want.DeepCopy(), manager, true)
	if err != nil {
		return nil, err
	}
	return got.(*unstructured.Unstructured), nil
}

// asItIs converts no object, for there is one version of each, and completes none: admit does.
type asItIs struct{}

func (asItIs) Convert(in, out, _ any) error {
	from, fromOK := in.(runtime.Unstructured)
	to, toOK := out.(runtime.Unstructured)
	if !fromOK || !toOK {
		return errNotThere
	}
	to.SetUnstructuredContent(from.UnstructuredContent())
	return nil
}

func (asItIs) ConvertToVersion(in runtime.Object, _ runtime.GroupVersioner) (runtime.Object, error) {
	return in, nil
}

func (asItIs) ConvertFieldLabel(_ runtimeschema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

func (asItIs) Default(runtime.Object) {}
