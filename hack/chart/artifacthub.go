package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// made ends what is written by hand in Chart.yaml.
const made = "  # Made from config/ by hack/chart (make generate): what follows is replaced.\n"

// examples are the samples that Artifact Hub and OLM show, one for each kind. Of other objects in them nothing is taken.
var examples = []string{"samples/tenant.yaml", "samples/ada-mobile.yaml"}

// kind is one entry of the annotation artifacthub.io/crds, and of what a ClusterServiceVersion owns.
type kind struct {
	Kind        string `json:"kind"`
	Version     string `json:"version"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
}

// annotations is Chart.yaml with the kinds and an example of each, as Artifact Hub wants them.
// https://artifacthub.io/docs/topics/annotations/helm/
func annotations(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, chart, "Chart.yaml"))
	if err != nil {
		return nil, err
	}
	byHand, _, ok := bytes.Cut(text, []byte(made))
	if !ok {
		return nil, fmt.Errorf("no line %q in Chart.yaml", made)
	}
	files, err := filepath.Glob(filepath.Join(root, "config/crd/bases/*.yaml"))
	if err != nil {
		return nil, err
	}
	var kinds []kind
	for _, file := range files {
		crds, err := read[apiextensionsv1.CustomResourceDefinition](root, "crd/bases/"+filepath.Base(file))
		if err != nil {
			return nil, err
		}
		for _, crd := range crds {
			for _, version := range crd.Spec.Versions {
				kinds = append(kinds, kind{
					Kind: crd.Spec.Names.Kind, Version: version.Name, Name: crd.Name, DisplayName: apart(crd.Spec.Names.Kind),
					Description: strings.Join(strings.Fields(version.Schema.OpenAPIV3Schema.Description), " "),
				})
			}
		}
	}
	var shown []map[string]any
	for _, k := range kinds {
		example, err := exampleOf(root, k.Kind)
		if err != nil {
			return nil, err
		}
		shown = append(shown, example)
	}
	result := bytes.NewBuffer(append(byHand, made...))
	for _, a := range []struct {
		name string
		list any
	}{{"crds", kinds}, {"crdsExamples", shown}} {
		list, err := yaml.Marshal(a.list)
		if err != nil {
			return nil, err
		}
		result.WriteString("  artifacthub.io/" + a.name + ": |\n")
		for line := range strings.Lines(string(list)) {
			result.WriteString("    " + line)
		}
	}
	return result.Bytes(), nil
}

// exampleOf is the first object of the kind in the examples.
func exampleOf(root, kind string) (map[string]any, error) {
	for _, path := range examples {
		objects, err := read[unstructured.Unstructured](root, path)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			if o.GetKind() == kind {
				return o.Object, nil
			}
		}
	}
	return nil, fmt.Errorf("no example in hack/chart/artifacthub.go is a %s", kind)
}

// apart is the kind in words: Entra Tenant.
func apart(kind string) string {
	var words strings.Builder
	for i, letter := range kind {
		if i > 0 && unicode.IsUpper(letter) {
			words.WriteByte(' ')
		}
		words.WriteRune(letter)
	}
	return words.String()
}
