package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// schema is values.schema.json. Keys that are not in values.yaml are refused: a typing error would otherwise be no value.
func schema(values []value, tenant map[string]any) ([]byte, error) {
	root, err := group(values)
	if err != nil {
		return nil, err
	}
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	root["$comment"] = "Made from values.yaml and config/crd by hack/chart (make generate)."
	root["definitions"] = map[string]any{"EntraTenantSpec": tenant}
	// Helm gives these to a chart that is part of another.
	root["properties"].(map[string]any)["global"] = map[string]any{"type": "object"}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(root)
	return text.Bytes(), err
}

func group(values []value) (map[string]any, error) {
	properties := map[string]any{}
	for _, v := range values {
		if len(v.children) > 0 {
			of, err := group(v.children)
			if err != nil {
				return nil, err
			}
			properties[v.name] = of
			continue
		}
		kind, err := typeOf(v.byDefault)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.name, err)
		}
		of := map[string]any{"type": kind, "description": v.description, "default": v.byDefault}
		maps.Copy(of, v.schema)
		properties[v.name] = of
	}
	return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}, nil
}

func typeOf(v any) (string, error) {
	switch v.(type) {
	case bool:
		return "boolean", nil
	case string:
		return "string", nil
	case int:
		return "integer", nil
	case []any:
		return "array", nil
	case map[string]any:
		return "object", nil
	default:
		return "", fmt.Errorf("a default of type %T: write an empty one of the type that is meant", v)
	}
}

// tenantSchema is the schema of an EntraTenant's spec as JSON schema has it, closed against unknown fields.
func tenantSchema(crd []byte) (map[string]any, error) {
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(crd, &definition); err != nil {
		return nil, err
	}
	text, err := json.Marshal(definition.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"])
	if err != nil {
		return nil, err
	}
	var spec map[string]any
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, err
	}
	closed(spec)
	return spec, nil
}

// closed refuses unknown fields wherever fields are known, as the API server's strict validation does, and drops what is
// Kubernetes' own of the schema.
func closed(schema map[string]any) {
	for key := range schema {
		if len(key) > 2 && key[:2] == "x-" {
			delete(schema, key)
		}
	}
	if properties, ok := schema["properties"].(map[string]any); ok {
		if _, open := schema["additionalProperties"]; !open {
			schema["additionalProperties"] = false
		}
		for _, of := range properties {
			closed(of.(map[string]any))
		}
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if of, ok := schema[key].(map[string]any); ok {
			closed(of)
		}
	}
}
