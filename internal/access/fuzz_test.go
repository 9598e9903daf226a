package access_test

import (
	"encoding/json"
	"testing"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/phone"
)

// FuzzPolicy compiles whatever can be read as rules, and judges by it. Rules that
// cannot be read allow nobody, and nobody is allowed anything without a namespace
// and a user that were looked up.
func FuzzPolicy(f *testing.F) {
	f.Add([]byte(`[{"namespaces":{"matchLabels":{"a":"b"}},"users":["*@contoso.com"]}]`), "a", "b", "ada@contoso.com")
	f.Add([]byte(`[{"namespaces":{"matchExpressions":[{"key":"a","operator":"In","values":["b"]}]},"users":["*"],"actions":["Create"]}]`), "a", "b", "x")
	f.Add([]byte(`[{"namespaces":{},"users":["*"]},{"namespaces":{"matchExpressions":[{"key":"","operator":"Equals"}]},"users":["*"]}]`), "a", "b", "ada@contoso.com")
	f.Add([]byte(`[{"namespaces":{},"users":["*"],"phoneTypes":["office"],"numberSource":"Later"}]`), "", "", "")
	f.Fuzz(func(t *testing.T, rules []byte, label, value, upn string) {
		var parsed []v1alpha1.AccessRule
		if json.Unmarshal(rules, &parsed) != nil {
			t.Skip("no rules")
		}
		p, err := access.Compile(parsed)
		r := access.Request{
			NamespaceLabels: map[string]string{label: value}, UserPrincipalName: upn, PhoneType: phone.Mobile,
		}
		permitted := p.Judge(r).Permitted()
		if permitted && (err != nil || len(parsed) == 0 || upn == "") {
			t.Errorf("permitted by rules that allow nobody (error %v)", err)
		}
		r.NamespaceLabels = nil
		if p.Judge(r).Permitted() {
			t.Error("permitted to a namespace that was not read")
		}
	})
}
