package olm

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/operator-framework/api/pkg/manifests"
	"github.com/operator-framework/api/pkg/validation"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// accepted are the validators' warnings that stay, by a part of their text, with the reason.
var accepted = map[string]string{
	"Migrate the API(s) for events: ([":                                                   "a rule names no version, and the validator takes the group for its beta; the operator writes events.k8s.io/v1",
	"example annotations not found":                                                       "examples are of kinds that the bundle owns, and it owns none",
	"csv.Spec.Icon not specified":                                                         "the project has no logo",
	"unable to inspect the image":                                                         "the validator asks docker for an image in a registry; hack/release tests that the image is for the platforms of the labels",
	"check if the CSV is missing a node affinity configuration for the image":             "follows from the warning above",
	"check if the CSV has a missing or invalid node affinity configuration for the image": "the image is for all architectures that the project builds; config/default, which the bundle repeats, leaves nodes to the cluster",
}

func TestTheBundle(t *testing.T) {
	dist := t.TempDir()
	made := exec.CommandContext(t.Context(), "go", "run", "-C", filepath.Join("..", "..", "release"), ".", "-dist", dist, "-version", "v0.1.0", "bundle")
	if out, err := made.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	bundle, err := manifests.GetBundleFromDir(filepath.Join(dist, "olm"))
	if err != nil {
		t.Fatal(err)
	}

	t.Run("is valid for OLM", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir()) // so that the answer is the same with docker and without
		seen := map[string]bool{}
		for _, result := range validation.AllValidators.Validate(bundle.ObjectsToValidate()...) {
			for _, fault := range result.Errors {
				t.Errorf("%s: %v", result.Name, fault)
			}
			for _, warning := range result.Warnings {
				if known := reason(warning.Error()); known != "" {
					seen[known] = true
				} else {
					t.Errorf("%s: %v", result.Name, warning)
				}
			}
		}
		for known := range accepted {
			if !seen[known] {
				t.Errorf("nobody warns any more of %q: take it out of the list", known)
			}
		}
	})
	t.Run("is what its annotations say", func(t *testing.T) {
		if bundle.Package != "phone-operator" || strings.Join(bundle.Channels, ",") != "candidate" || bundle.DefaultChannel != "candidate" {
			t.Errorf("package %q, channels %q, default %q", bundle.Package, bundle.Channels, bundle.DefaultChannel)
		}
	})
	t.Run("is taken by an API server", func(t *testing.T) {
		c := serve(t)
		var kinds []*apiextensionsv1.CustomResourceDefinition
		for _, o := range objects(t, filepath.Join(dist, "olm-prerequisites.yaml")) {
			create(t, c, o)
			if o.GetKind() == "CustomResourceDefinition" {
				kinds = append(kinds, &apiextensionsv1.CustomResourceDefinition{})
				if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, kinds[len(kinds)-1]); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, o := range bundle.Objects {
			create(t, c, o)
		}
		await(t, kinds)
		create(t, c, &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "people"},
		}})
		examples := examples(t)
		if len(kinds) != 2 || len(examples) != 2 {
			t.Fatalf("%d kinds and %d examples", len(kinds), len(examples))
		}
		for _, example := range examples {
			create(t, c, &unstructured.Unstructured{Object: example})
		}
	})
	t.Run("has OLM make no roles for people", func(t *testing.T) {
		owned := bundle.CSV.Spec.CustomResourceDefinitions.Owned
		if len(owned)+len(bundle.V1CRDs)+len(bundle.V1beta1CRDs) > 0 {
			t.Errorf("of each of these kinds it aggregates roles into admin, edit and view: %v", owned)
		}
		for _, o := range bundle.Objects {
			for label := range o.GetLabels() {
				if strings.HasPrefix(label, "rbac.authorization.k8s.io/aggregate-to-") {
					t.Errorf("%s %s is aggregated by itself: %s", o.GetKind(), o.GetName(), label)
				}
			}
		}
	})
	t.Run("would be refused with a mistake", func(t *testing.T) {
		text, err := runtime.DefaultUnstructuredConverter.ToUnstructured(bundle.CSV)
		if err != nil {
			t.Fatal(err)
		}
		wrong := &unstructured.Unstructured{Object: text}
		if err := unstructured.SetNestedField(wrong.Object, "all", "spec", "installMode"); err != nil {
			t.Fatal(err)
		}
		wrong.SetNamespace("phone-operator-system")
		wrong.SetName("phone-operator.v0.1.1")
		if err := serve(t).Create(t.Context(), wrong, client.DryRunAll); err == nil || !strings.Contains(err.Error(), `unknown field "spec.installMode"`) {
			t.Errorf("it is not: %v", err)
		}
	})
}

// examples are those of the kinds that the chart tells Artifact Hub.
func examples(t *testing.T) (all []map[string]any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "charts", "phone-operator", "Chart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var chart struct{ Annotations map[string]string }
	if err := yaml.Unmarshal(text, &chart); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(chart.Annotations["artifacthub.io/crdsExamples"]), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// reason is the entry of accepted that a warning is, empty if there is none.
func reason(warning string) string {
	for part := range accepted {
		if strings.Contains(warning, part) {
			return part
		}
	}
	return ""
}

// objects reads a stream of YAML.
func objects(t *testing.T, file string) (all []*unstructured.Unstructured) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &o.Object); err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}
