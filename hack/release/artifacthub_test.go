package main

import (
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

// listed are the annotations that are lists in YAML, with the keys of their entries: true for those that must be there.
// https://artifacthub.io/docs/topics/annotations/helm/
var listed = map[string]map[string]bool{
	"artifacthub.io/crds":   {"kind": true, "version": true, "name": true, "displayName": true, "description": true},
	"artifacthub.io/images": {"name": false, "image": true, "whitelisted": false, "platforms": false},
	"artifacthub.io/links":  {"name": true, "url": true},
}

// chosen are the annotations that have one of some values.
var chosen = map[string][]string{
	"artifacthub.io/category": {"ai-machine-learning", "database", "integration-delivery", "monitoring-logging", "networking", "security",
		"storage", "streaming-messaging", "skip-prediction"},
	"artifacthub.io/license":              {"Apache-2.0"},
	"artifacthub.io/operator":             {"true"},
	"artifacthub.io/operatorCapabilities": {"Basic Install", "Seamless Upgrades", "Full Lifecycle", "Deep Insights", "Auto Pilot"},
	"artifacthub.io/prerelease":           {"true", "false"},
}

// Artifact Hub's own tool is not at hand, so this is what its documents say, for the chart as it is and as a release packs it.
func TestArtifactHubCanReadTheChart(t *testing.T) {
	text := []byte(read(t, filepath.Join("..", "..", "charts", operator, "Chart.yaml")))
	r, _ := pretend(t, "")
	r.operatorPlatforms = images
	checkChart(t, text)
	released := checkChart(t, r.annotated(text))
	if released["artifacthub.io/prerelease"] != "false" || !strings.Contains(released["artifacthub.io/images"], "image: registry.example/phone-operator:v1.2.3\n") {
		t.Errorf("a release says %v", released)
	}
	if strings.Contains(released["artifacthub.io/links"], "/blob/main/") || !strings.Contains(released["artifacthub.io/links"], "/blob/v1.2.3/CHANGELOG.md") {
		t.Errorf("the links are not the version's: %s", released["artifacthub.io/links"])
	}
	r.version = "v1.2.3-rc.1"
	if before := checkChart(t, r.annotated(text)); before["artifacthub.io/prerelease"] != "true" {
		t.Error("a pre-release does not say so")
	}
}

// checkChart judges the annotations of Chart.yaml and returns them.
func checkChart(t *testing.T, text []byte) map[string]string {
	t.Helper()
	var chart metadata
	must(t, yaml.Unmarshal(text, &chart))
	for name, value := range chart.Annotations {
		switch keys, isList := listed[name]; {
		case isList:
			var entries []map[string]any
			must(t, yaml.UnmarshalStrict([]byte(value), &entries))
			for _, entry := range entries {
				for key, needed := range keys {
					if text, is := entry[key].(string); needed && (!is || text == "") {
						t.Errorf("%s: %v has no %s", name, entry, key)
					}
				}
				for key := range entry {
					if _, known := keys[key]; !known {
						t.Errorf("%s: Artifact Hub knows no %s", name, key)
					}
				}
				if to, is := entry["url"].(string); is {
					if u, err := url.ParseRequestURI(to); err != nil || u.Scheme != "https" {
						t.Errorf("%s: %q: %v", name, to, err)
					}
				}
			}
		case name == "artifacthub.io/crdsExamples":
			checkExamples(t, value, chart.Annotations["artifacthub.io/crds"])
		case chosen[name] != nil:
			if !slices.Contains(chosen[name], value) {
				t.Errorf("%s is %q, not of %q", name, value, chosen[name])
			}
		default:
			t.Errorf("the annotation %s is not known", name)
		}
	}
	return chart.Annotations
}

// checkExamples wants one example for each kind, as its schema wants it.
func checkExamples(t *testing.T, examples, kinds string) {
	t.Helper()
	r, _ := pretend(t, "")
	must(t, r.writeSchemas())
	var all, described []map[string]any
	must(t, yaml.UnmarshalStrict([]byte(examples), &all))
	must(t, yaml.UnmarshalStrict([]byte(kinds), &described))
	var got, want []string
	for _, example := range all {
		kind, _ := example["kind"].(string)
		got = append(got, kind)
		schema, err := jsonschema.NewCompiler().Compile(filepath.Join(r.dist, strings.ToLower(kind)+"_v1alpha1.json"))
		must(t, err)
		if err := schema.Validate(example); err != nil {
			t.Errorf("the example of %s: %v", kind, err)
		}
	}
	for _, k := range described {
		want = append(want, k["kind"].(string))
	}
	if len(want) != 2 || !slices.Equal(got, want) {
		t.Errorf("examples of %q, kinds %q", got, want)
	}
}

// What is to be filled in is a comment, so that nothing invented gets to Artifact Hub.
func TestTheRepositoryMetadataClaimNothing(t *testing.T) {
	r, _ := pretend(t, "")
	must(t, r.copyRepositoryMetadata())
	text := read(t, filepath.Join(r.dist, repositoryMetadata))
	var inUse any
	must(t, yaml.Unmarshal([]byte(text), &inUse))
	if inUse != nil {
		t.Errorf("%s claims %v", repositoryMetadata, inUse)
	}
	filled := strings.NewReplacer("# repositoryID:", "repositoryID:", "# owners:", "owners:", "# - name", "- name", "#   email", "  email").Replace(text)
	var metadata struct {
		RepositoryID string `json:"repositoryID"`
		Owners       []struct {
			Name  string `json:"name"`
			Email string `json:"email"`
		} `json:"owners"`
	}
	must(t, yaml.UnmarshalStrict([]byte(filled), &metadata))
	if metadata.RepositoryID == "" || len(metadata.Owners) != 1 || metadata.Owners[0].Email == "" {
		t.Errorf("filled in it says %+v", metadata)
	}
}
