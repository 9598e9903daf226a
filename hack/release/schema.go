package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// definition is what is read of a CustomResourceDefinition.
type definition struct {
	Spec struct {
		Group string
		Names struct{ Kind string }

		Versions []struct {
			Name   string
			Schema struct{ OpenAPIV3Schema map[string]any }
		}
	}
}

// writeSchemas writes a JSON schema for each kind, named as kubeconform and catalogues of CRDs name them.
func (r *release) writeSchemas() error {
	files, err := filepath.Glob(filepath.Join(r.root, "config", "crd", "bases", "*.yaml"))
	if err != nil || len(files) == 0 {
		return errors.Join(err, errors.New("config/crd/bases has no kinds"))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var d definition
		if err := yaml.Unmarshal(text, &d); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for _, v := range d.Spec.Versions {
			name := strings.ToLower(d.Spec.Names.Kind) + "_" + v.Name + ".json"
			text, err := jsonSchema(v.Schema.OpenAPIV3Schema, d.Spec.Group+"/"+v.Name, d.Spec.Names.Kind, r.download(name))
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			if err := r.write(name, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// download is where a file of the release can be had.
func (r *release) download(name string) string {
	return repository + "/releases/download/" + r.version + "/" + name
}

// jsonSchema is the schema of a CRD for editors and command-line validators. They do not know the rules in CEL, which the
// API server alone applies.
func jsonSchema(schema map[string]any, apiVersion, kind, id string) ([]byte, error) {
	properties, ok := schema["properties"].(map[string]any)
	if !ok {
		return nil, errors.New("the schema has no properties")
	}
	translate(schema)
	schema["$schema"], schema["$id"], schema["title"] = "http://json-schema.org/draft-07/schema#", id, kind
	schema["required"] = []string{"apiVersion", "kind", "metadata", "spec"}
	for name, only := range map[string]string{"apiVersion": apiVersion, "kind": kind} {
		properties[name] = map[string]any{"type": "string", "enum": []string{only}}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(schema)
	return text.Bytes(), err
}

// translate makes a JSON schema of Kubernetes' structural one: unknown fields are refused, as with kubectl's strict
// validation, and what is Kubernetes' own is left out.
func translate(schema map[string]any) {
	if schema["x-kubernetes-int-or-string"] == true {
		schema["type"] = []string{"integer", "string"}
		delete(schema, "anyOf")
	}
	for key := range schema {
		if strings.HasPrefix(key, "x-kubernetes-") {
			delete(schema, key)
		}
	}
	if properties, ok := schema["properties"].(map[string]any); ok {
		schema["additionalProperties"] = false
		for _, of := range properties {
			translate(of.(map[string]any))
		}
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if of, ok := schema[key].(map[string]any); ok {
			translate(of)
		}
	}
}
