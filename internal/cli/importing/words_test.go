package importing

import (
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/internal/phone"
)

// Names that YAML takes for something else stay names.
func TestNamesThatYAMLTakesForNumbers(t *testing.T) {
	n, err := phone.Parse("+1 2065550101")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"2024", "true", "1e3", "0x1f", "null", "1.5"} {
		resource, _ := Style{Namespace: name, Tenant: name}.Manifest(Phone{User: "ada@contoso.com", Type: phone.Mobile, Number: n})
		var o struct {
			Metadata struct{ Namespace any }
			Spec     struct{ TenantRef struct{ Name any } }
		}
		if err := yaml.Unmarshal([]byte(resource), &o); err != nil {
			t.Fatal(err)
		}
		if o.Metadata.Namespace != name || o.Spec.TenantRef.Name != name {
			t.Errorf("%q is read as %#v and %#v", name, o.Metadata.Namespace, o.Spec.TenantRef.Name)
		}
	}
}
