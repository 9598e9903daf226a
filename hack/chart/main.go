// Command chart writes what the Helm chart and config/ have in common: it copies CRDs, roles, policies, webhooks and alerts
// from config/ into charts/phone-operator/files, makes the schema and the page of the values from values.yaml, and tells
// Artifact Hub in Chart.yaml of the kinds. The templates are written by hand; the tests in config/ compare what they make
// with what kustomize makes.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

const chart = "charts/phone-operator"

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
}

// run writes the generated files of the repository at root.
func run(root string) error {
	files, err := copies(root)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(root, chart, "values.yaml"))
	if err != nil {
		return err
	}
	values, err := parse(text)
	if err != nil {
		return fmt.Errorf("values.yaml: %w", err)
	}
	tenant, err := tenantSchema(files["files/crds/entratenants.yaml"])
	if err != nil {
		return fmt.Errorf("the schema of EntraTenant: %w", err)
	}
	if files["values.schema.json"], err = schema(values, tenant); err != nil {
		return err
	}
	files["README.md"] = page(values)
	if files["Chart.yaml"], err = annotations(root); err != nil {
		return err
	}

	// What is no longer made must not stay.
	if err := os.RemoveAll(filepath.Join(root, chart, "files")); err != nil {
		return err
	}
	for name, text := range files {
		path := filepath.Join(root, chart, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil { //nolint:gosec // files of the repository, for everybody to read
			return err
		}
	}
	return nil
}

// read decodes the documents of a file of config/ strictly into objects of one shape.
func read[T any](root, path string) (all []T, err error) {
	text, err := os.ReadFile(filepath.Join(root, "config", path))
	if err != nil {
		return nil, err
	}
	for _, document := range documents(text) {
		var o T
		if err := yaml.Unmarshal(document, &o); err != nil {
			return nil, fmt.Errorf("config/%s: %w", path, err)
		}
		all = append(all, o)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("config/%s is empty", path)
	}
	return all, nil
}
