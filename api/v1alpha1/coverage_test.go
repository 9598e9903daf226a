package v1alpha1_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/internal/devcluster"
)

// Every CEL rule of the CRDs has its message in the tables of refusals, so that a
// rule cannot be added without a case that it refuses.
func TestEveryRuleRefusesSomething(t *testing.T) {
	said := map[string]bool{sayTenantName: true}
	for _, table := range []map[string]refusal{refusedPhones, refusedTenants} {
		for _, c := range table {
			for _, w := range c.want {
				said[w] = true
			}
		}
	}
	files, err := filepath.Glob(filepath.Join("..", "..", devcluster.CRDs, "*.yaml"))
	if err != nil || len(files) != 2 {
		t.Fatalf("CRD files: %v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(text, &crd); err != nil {
			t.Fatal(err)
		}
		for _, version := range crd.Spec.Versions {
			for _, m := range messages("", version.Schema.OpenAPIV3Schema) {
				if !said[m] {
					t.Errorf("no case for %q", m)
				}
			}
		}
	}
}

// messages are the "<field>: <message>" of all rules of s and below, as the API
// server would print them for the first element of each list.
func messages(path string, s *apiextensionsv1.JSONSchemaProps) (all []string) {
	for _, rule := range s.XValidations {
		field := strings.TrimPrefix(path+rule.FieldPath, ".")
		if field == "" {
			field = "<nil>" // the object itself
		}
		all = append(all, field+": "+rule.Message)
	}
	for name, p := range s.Properties {
		all = append(all, messages(path+"."+name, &p)...)
	}
	if s.Items != nil && s.Items.Schema != nil {
		all = append(all, messages(path+"[0]", s.Items.Schema)...)
	}
	return all
}
