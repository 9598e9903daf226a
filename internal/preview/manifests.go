package preview

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// manifests are those that are planned, by their kinds.
type manifests struct {
	namespaces, tenants, secrets, methods []*unstructured.Unstructured
	// sealed are of any kind: something in them is encrypted.
	sealed []*unstructured.Unstructured
}

func byKind(all, sealed []*unstructured.Unstructured) manifests {
	m := manifests{sealed: sealed}
	for _, o := range all {
		switch o.GetKind() {
		case "Namespace":
			m.namespaces = append(m.namespaces, o)
		case "EntraTenant":
			m.tenants = append(m.tenants, o)
		case "Secret":
			m.secrets = append(m.secrets, o)
		default:
			m.methods = append(m.methods, o)
		}
	}
	return m
}

// methodKeys are the resources that have a manifest.
func (m manifests) methodKeys() map[client.ObjectKey]bool {
	keys := map[client.ObjectKey]bool{}
	for _, o := range m.methods {
		keys[client.ObjectKeyFromObject(o)] = true
	}
	for _, o := range m.sealed {
		if isMethod(o) {
			keys[client.ObjectKeyFromObject(o)] = true
		}
	}
	return keys
}

// places are the namespaces of the manifests. What the last resource went from may have others of them.
func (m manifests) places() map[string]bool {
	in := map[string]bool{}
	for _, all := range [][]*unstructured.Unstructured{m.namespaces, m.secrets, m.methods, m.sealed} {
		for _, o := range all {
			switch o.GetKind() {
			case "Namespace":
				in[o.GetName()] = true
			case "Secret", "PhoneAuthenticationMethod":
				in[o.GetNamespace()] = true
			}
		}
	}
	return in
}
