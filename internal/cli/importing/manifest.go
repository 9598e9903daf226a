package importing

import (
	"encoding/json"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// Style says how manifests are written.
type Style struct {
	Namespace string // "": left out
	Tenant    string // name of the EntraTenant; "" or "default": left out
	Secrets   bool   // numbers go into a Secret for each resource
	OfTenant  bool   // the phones are those of a live tenant, which files of a Folder say
}

// numberKey is the key of a number in its Secret.
const numberKey = "number"

// Manifest is the YAML of a phone's resource, and with Secrets that of its Secret, each beginning with "---". Guesses are
// comments, so that they are read where the number is.
//
// adoptionPolicy is written although it is the default: it says that the phone may be there, so that Graph is asked before
// anything is created. deletionPolicy Orphan leaves what was not made here where it is if the resource is deleted.
func (s Style) Manifest(p Phone) (resource, secret string) {
	var b strings.Builder
	name := p.Name()
	fmt.Fprintf(&b, "---\napiVersion: %s\nkind: PhoneAuthenticationMethod\n%sspec:\n  user: %s\n  phoneType: %s\n",
		v1alpha1.GroupVersion, s.metadata(name, ""), text(p.User), p.Type)
	if !s.Secrets {
		comments(&b, "  ", p.Guesses)
		fmt.Fprintf(&b, "  phoneNumber: %s\n", text(p.Number.Graph()))
	} else {
		fmt.Fprintf(&b, "  phoneNumberFrom:\n    secretKeyRef:\n      name: %s\n      key: %s\n", name, numberKey)
	}
	if s.Tenant != "" && s.Tenant != v1alpha1.DefaultTenantName {
		fmt.Fprintf(&b, "  tenantRef:\n    name: %s\n", word(s.Tenant))
	}
	fmt.Fprintf(&b, "  adoptionPolicy: %s\n  deletionPolicy: %s\n", v1alpha1.AdoptIfNumberMatches, v1alpha1.DeletionOrphan)
	resource = b.String()
	if s.Secrets {
		b.Reset()
		fmt.Fprintf(&b, "---\napiVersion: v1\nkind: Secret\n%sstringData:\n", s.metadata(name, p.User))
		comments(&b, "  ", p.Guesses)
		fmt.Fprintf(&b, "  %s: %s\n", numberKey, text(p.Number.Graph()))
		secret = b.String()
	}
	return resource, secret
}

// metadata is that of a resource; user is whom a Secret's number is for.
func (s Style) metadata(name, user string) string {
	m := "metadata:\n  name: " + name + "\n"
	if s.Namespace != "" {
		m += "  namespace: " + word(s.Namespace) + "\n"
	}
	if user != "" {
		m += "  annotations:\n    " + v1alpha1.UserAnnotation + ": " + text(user) + "\n"
	}
	return m
}

func comments(b *strings.Builder, indent string, guesses []string) {
	for _, g := range guesses {
		fmt.Fprintf(b, "%s# guess: %s\n", indent, g)
	}
}

// word is a string of YAML, as it stands unless that would be read as something else: a namespace may be called 2024.
func word(s string) string {
	var read any
	if err := yaml.Unmarshal([]byte(s), &read); err != nil || read != s {
		return text(s)
	}
	return s
}

// text is a string of YAML whatever is in it: one of JSON.
func text(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string
	return strings.TrimSuffix(b.String(), "\n")
}
