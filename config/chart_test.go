package config_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/entraops/phone-operator/internal/testing/install"
)

// helm runs Helm, and returns what it prints.
func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	chartIsInput(t)
	return install.Helm(t.Context(), args...)
}

// chartIsInput reads the chart: go test takes an old result as long as the files that the test itself read are the same.
func chartIsInput(t *testing.T) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(filepath.Join("..", install.Chart)), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			_, err = os.ReadFile(filepath.Join("..", install.Chart, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// template renders the chart for a release with values (YAML), the later ones over the earlier.
func template(t *testing.T, name, namespace string, values ...string) ([]*unstructured.Unstructured, error) {
	t.Helper()
	args := []string{"template", name, install.Chart, "--namespace", namespace, "--skip-tests"}
	out, err := helm(t, append(args, valueFiles(t, values...)...)...)
	if err != nil {
		return nil, err
	}
	return decode(strings.NewReader(out))
}

// valueFiles are the arguments that give Helm these values.
func valueFiles(t *testing.T, values ...string) (args []string) {
	t.Helper()
	for _, v := range values {
		file := filepath.Join(t.TempDir(), "values.yaml")
		if err := os.WriteFile(file, []byte(v), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--values", file)
	}
	return args
}

// charted is what the chart makes with values under the names of config/default.
func charted(t *testing.T, values ...string) objectsByName {
	t.Helper()
	objects, err := template(t, install.Release, namespace, values...)
	if err != nil {
		t.Fatal(err)
	}
	return byName(objects)
}

// objectsByName are objects by "Kind namespace/name".
type objectsByName map[string]*unstructured.Unstructured

func byName(objects []*unstructured.Unstructured) objectsByName {
	named := objectsByName{}
	for _, o := range objects {
		named[fmt.Sprintf("%s %s/%s", o.GetKind(), o.GetNamespace(), o.GetName())] = o
	}
	return named
}

// kustomized is what kustomize makes of directories.
func kustomized(t *testing.T, dirs ...string) objectsByName {
	t.Helper()
	all := objectsByName{}
	for _, dir := range dirs {
		objects, err := render(dir)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(all, byName(objects))
	}
	return all
}

// The chart and the kustomize tree install the same, but for labels and the namespace, which Helm makes by itself.
func TestChartInstallsWhatKustomizeDoes(t *testing.T) {
	for sentence, c := range map[string]struct {
		values string
		dirs   []string
	}{
		"as it comes":      {"", []string{"config/default"}},
		"with the webhook": {"webhook: {enabled: true}", []string{"config/default-webhook"}},
		"with monitoring": {
			"metrics: {serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}}",
			[]string{"config/default", "config/prometheus"},
		},
		"with the example of an admission policy": {
			`admissionPolicies: {usersOfNamespaces: {enabled: true, table: {people: "@contoso.com @eu.contoso.com", guests: "#EXT#@contoso.onmicrosoft.com"}}}`,
			[]string{"config/default", "config/admission"},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			want := kustomized(t, c.dirs...)
			delete(want, "Namespace /"+namespace)
			got := charted(t, c.values)
			if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
				t.Fatalf("objects (-kustomize +chart):\n%s", diff)
			}
			for name := range want {
				if diff := cmp.Diff(normal(t, want[name]), normal(t, got[name])); diff != "" {
					t.Errorf("%s (-kustomize +chart):\n%s", name, diff)
				}
			}
		})
	}
}

// Operators that share tenants out are releases in one namespace, with the values that docs/helm.md names: they must not have
// an object in common, which Helm would refuse.
func TestReleasesForSeveralOperatorsHaveNoObjectInCommon(t *testing.T) {
	first := charted(t, "{tenantSelector: shard=a, webhook: {enabled: true}}")
	objects, err := template(t, "phone-operator-b", namespace,
		"{tenantSelector: shard=b, crds: {enabled: false}, rbac: {peopleRoles: false}, admissionPolicies: {metadata: {enabled: false}}}")
	if err != nil {
		t.Fatal(err)
	}
	for name := range byName(objects) {
		if first[name] != nil {
			t.Errorf("both have the %s", name)
		}
	}
	for _, o := range objects {
		if o.GetKind() == "CustomResourceDefinition" || strings.HasPrefix(o.GetKind(), "Validating") {
			t.Errorf("the second has a %s", o.GetKind())
		}
	}
}

// normal is an object without what may differ: labels that select nothing, and the instance among those that do.
func normal(t *testing.T, o *unstructured.Unstructured) (content any) {
	t.Helper()
	labels := o.GetLabels()
	maps.DeleteFunc(labels, func(key, _ string) bool { return key != "control-plane" })
	if len(labels) == 0 {
		labels = nil
	}
	o.SetLabels(labels)
	// Through text, so that numbers are of one type.
	fromUnstructured(t, withoutInstance(o.Object), &content)
	return content
}

func withoutInstance(content any) any {
	switch c := content.(type) {
	case map[string]any:
		if c["app.kubernetes.io/instance"] == install.Release {
			delete(c, "app.kubernetes.io/instance")
		}
		for key := range c {
			c[key] = withoutInstance(c[key])
		}
	case []any:
		for i := range c {
			c[i] = withoutInstance(c[i])
		}
	}
	return content
}
