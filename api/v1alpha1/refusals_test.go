package v1alpha1_test

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// refusal is a spec that the API server must not store.
//
// before and spec are YAML in words of the kind's spec. With before, that spec is
// stored first and then replaced. want is every cause the API server gives, each as
// "<field>: <message>", in any order.
type refusal struct {
	before, spec string
	want         []string
}

// object makes an unstructured object of kind with a spec in YAML. Unstructured,
// because half of what is to be refused cannot be said with the Go types.
func object(t *testing.T, kind, name, spec string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	o.SetName(name)
	if kind == "PhoneAuthenticationMethod" {
		o.SetNamespace("default")
	}
	setSpec(t, o, spec)
	return o
}

func setSpec(t *testing.T, o *unstructured.Unstructured, spec string) {
	t.Helper()
	var s map[string]any
	if err := yaml.Unmarshal([]byte(spec), &s); err != nil {
		t.Fatalf("spec is no YAML: %v", err)
	}
	o.Object["spec"] = s
}

// store creates o and deletes it when the test ends.
func store(t *testing.T, o client.Object) {
	t.Helper()
	if err := k8s(t).Create(t.Context(), o); err != nil {
		t.Fatalf("create %s: %v", o.GetName(), err)
	}
	t.Cleanup(func() {
		if err := k8s(t).Delete(context.WithoutCancel(t.Context()), o); client.IgnoreNotFound(err) != nil {
			t.Errorf("delete %s: %v", o.GetName(), err)
		}
	})
}

// What the API server writes before a rule's message: the refused value if it is a
// scalar.
var refusedValue = regexp.MustCompile(`^Invalid value: ("(?:\\.|[^"\\])*": )?`)

// What it adds when it found a fault before it came to the rules.
const rulesSkipped = "some validation rules were not checked"

// causes are the reasons in the API server's refusal, sorted, each as
// "<field>: <message>".
func causes(err error) []string {
	var status *apierrors.StatusError
	if !errors.As(err, &status) || status.ErrStatus.Details == nil {
		return []string{err.Error()}
	}
	found := map[string]bool{}
	for _, c := range status.ErrStatus.Details.Causes {
		if !strings.Contains(c.Message, rulesSkipped) {
			found[c.Field+": "+refusedValue.ReplaceAllString(c.Message, "")] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}
