package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

// The samples are judged as an editor or kubeconform would, and so are mistakes that people make.
func TestSchemasKnowRightFromWrong(t *testing.T) {
	r, _ := pretend(t, "")
	must(t, r.writeSchemas())
	kinds := map[string]*jsonschema.Schema{}
	for kind, file := range map[string]string{
		"PhoneAuthenticationMethod": "phoneauthenticationmethod_v1alpha1.json", "EntraTenant": "entratenant_v1alpha1.json",
	} {
		schema, err := jsonschema.NewCompiler().Compile(filepath.Join(r.dist, file))
		must(t, err)
		kinds[kind] = schema
	}
	samples, err := filepath.Glob("../../config/samples/*.yaml")
	must(t, err)
	judged := map[string]int{}
	for _, sample := range samples {
		for document := range strings.SplitSeq(read(t, sample), "\n---\n") {
			o := object(t, document)
			kind, _ := o["kind"].(string)
			if kinds[kind] == nil {
				continue
			}
			judged[kind]++
			if err := kinds[kind].Validate(o); err != nil {
				t.Errorf("%s: %v", sample, err)
			}
		}
	}
	for kind := range kinds {
		if judged[kind] == 0 {
			t.Errorf("no sample is a %s", kind)
		}
	}
	for mistake, text := range map[string]string{
		"a field that is not there":   `{apiVersion: identity.entraops.dev/v1alpha1, kind: PhoneAuthenticationMethod, metadata: {name: a}, spec: {user: a, phoneType: mobile, number: "1"}}`,
		"a value that is not there":   `{apiVersion: identity.entraops.dev/v1alpha1, kind: PhoneAuthenticationMethod, metadata: {name: a}, spec: {user: a, phoneType: fax}}`,
		"a version that is not there": `{apiVersion: identity.entraops.dev/v1, kind: PhoneAuthenticationMethod, metadata: {name: a}, spec: {user: a, phoneType: mobile}}`,
		"no spec":                     `{apiVersion: identity.entraops.dev/v1alpha1, kind: PhoneAuthenticationMethod, metadata: {name: a}}`,
	} {
		if err := kinds["PhoneAuthenticationMethod"].Validate(object(t, text)); err == nil {
			t.Errorf("%s is not refused", mistake)
		}
	}
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var o map[string]any
	must(t, yaml.Unmarshal([]byte(text), &o))
	return o
}
