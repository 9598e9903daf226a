package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// The samples are applied one file after the other in the order of their names, as
// kubectl apply -f does it.
func TestSamplesApply(t *testing.T) {
	kinds := map[string]int{}
	for _, file := range samples(t) {
		text, err := os.ReadFile(filepath.Join("samples", file))
		if err != nil {
			t.Fatal(err)
		}
		objects, err := decode(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, o := range objects {
			if err := apply(t.Context(), k8s(t), o); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			kinds[o.GetKind()]++
		}
	}
	want := map[string]int{"Namespace": 1, "Secret": 2, "EntraTenant": 1, "PhoneAuthenticationMethod": 7}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

// kubectl apply -k applies the same as kubectl apply -f.
func TestKustomizationHasEverySample(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("samples", "Kustomization"))
	if err != nil {
		t.Fatal(err)
	}
	var kustomization struct{ Resources []string }
	if err := yaml.Unmarshal(text, &kustomization); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(samples(t), kustomization.Resources); diff != "" {
		t.Errorf("resources (-files +Kustomization):\n%s", diff)
	}
}

// samples are the file names, sorted.
func samples(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("samples", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("samples: %v, %v", files, err)
	}
	for i := range files {
		files[i] = filepath.Base(files[i])
	}
	return files
}

// The API server sees a slip of the pen that kubectl's defaults would let pass.
func TestSampleWithATypoIsRefused(t *testing.T) {
	objects, err := decode(strings.NewReader(`
apiVersion: identity.entraops.dev/v1alpha1
kind: PhoneAuthenticationMethod
metadata: {name: typo, namespace: default}
spec: {user: ada@contoso.com, phoneType: mobile, phoneNumber: "+1 2065550100", deletePolicy: Orphan}
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := apply(t.Context(), k8s(t), objects[0]); err == nil || !strings.Contains(err.Error(), "deletePolicy") {
		t.Errorf("got %v, want a refusal that names deletePolicy", err)
	}
}
