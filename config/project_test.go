package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// What the kubebuilder CLI knows of PROJECT, version 3; it refuses any other field.
// https://book.kubebuilder.io/reference/project-config
type project struct {
	Domain      string        `json:"domain"`
	Layout      []string      `json:"layout"`
	ProjectName string        `json:"projectName"`
	Repo        string        `json:"repo"`
	Resources   []projectKind `json:"resources"`
	Version     string        `json:"version"`
}

type projectKind struct {
	API struct {
		CRDVersion string `json:"crdVersion"`
		Namespaced bool   `json:"namespaced"`
	} `json:"api"`
	Controller bool   `json:"controller"`
	Domain     string `json:"domain"`
	Group      string `json:"group"`
	Kind       string `json:"kind"`
	Path       string `json:"path"`
	Version    string `json:"version"`
	Webhooks   struct {
		Validation     bool   `json:"validation"`
		WebhookVersion string `json:"webhookVersion"`
	} `json:"webhooks"`
}

// PROJECT describes the kinds of config/crd.
func TestProjectDescribesEveryKind(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "PROJECT"))
	if err != nil {
		t.Fatal(err)
	}
	var p project
	if err := yaml.UnmarshalStrict(text, &p); err != nil {
		t.Fatal(err)
	}
	if p.Version != "3" || !cmp.Equal(p.Layout, []string{"go.kubebuilder.io/v4"}) {
		t.Errorf("version %q, layout %q", p.Version, p.Layout)
	}

	type kind struct {
		Group, Version, Kind string
		Namespaced           bool
	}
	got := map[kind]bool{}
	for _, r := range p.Resources {
		got[kind{r.Group + "." + r.Domain, r.Version, r.Kind, r.API.Namespaced}] = true
		if !r.Webhooks.Validation || r.Webhooks.WebhookVersion != "v1" {
			t.Errorf("%s: webhooks %+v", r.Kind, r.Webhooks)
		}
		if _, err := os.Stat(filepath.Join("..", "api", r.Version)); err != nil || r.Path != p.Repo+"/api/"+r.Version {
			t.Errorf("%s: path %s: %v", r.Kind, r.Path, err)
		}
	}

	crds, err := render("config/crd")
	if err != nil {
		t.Fatal(err)
	}
	want := map[kind]bool{}
	for _, o := range crds {
		var spec struct {
			Group, Scope string
			Names        struct{ Kind string }
			Versions     []struct{ Name string }
		}
		fromUnstructured(t, o.Object["spec"], &spec)
		for _, version := range spec.Versions {
			want[kind{spec.Group, version.Name, spec.Names.Kind, spec.Scope == "Namespaced"}] = true
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kinds (-config/crd +PROJECT):\n%s", diff)
	}
}
