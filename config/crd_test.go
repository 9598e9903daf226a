package config_test

import (
	"testing"
)

// Whoever prunes a CRD deletes every resource of its kind, and the operator then every phone: Flux, Argo CD and Helm
// leave alone what says so.
func TestNobodyPrunesTheKinds(t *testing.T) {
	objects, err := render("config/default")
	if err != nil {
		t.Fatal(err)
	}
	kinds := 0
	for _, o := range objects {
		if o.GetKind() != "CustomResourceDefinition" {
			continue
		}
		kinds++
		for key, want := range map[string]string{
			"kustomize.toolkit.fluxcd.io/prune": "disabled",
			"argocd.argoproj.io/sync-options":   "Prune=false,Delete=false",
			"helm.sh/resource-policy":           "keep",
		} {
			if got := o.GetAnnotations()[key]; got != want {
				t.Errorf("%s: %s is %q, want %q", o.GetName(), key, got, want)
			}
		}
	}
	if kinds != 2 {
		t.Errorf("%d kinds, want 2", kinds)
	}
}
