package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// metadata is what Chart.yaml says about the operator.
type metadata struct {
	Description string            `json:"description"`
	KubeVersion string            `json:"kubeVersion"`
	Keywords    []string          `json:"keywords"`
	Annotations map[string]string `json:"annotations"`
}

var (
	introduction = regexp.MustCompile(`(?s)^# [^\n]+\n+(.+?)\n+## `)
	atLeast      = regexp.MustCompile(`^>=(\d+\.\d+\.\d+)-0$`)
	releases     = regexp.MustCompile(`(?m)^## \[(\d[^\]]*)\]`)
)

// before follows the introduction of the README in the description.
const before = `

## Before you install

* The API is v1alpha1: it may change in any release, and the [changelog](%[1]s/CHANGELOG.md) says how.
* The operator works only beside what OLM does not install, its kinds among that: **olm-prerequisites.yaml** of the release, to be
  applied before each version ([why](%[1]s/docs/release.md#olm)).
* Neither **edit** nor **admin** lets anybody use the operator's kinds: registering a phone for someone is a way to become them. Bind
  its ClusterRoles to whom you mean.
* The operator needs an app registration in Entra and an EntraTenant:
  [a real tenant step by step](%[1]s/docs/real-tenant.md).
`

// serviceVersion is the ClusterServiceVersion, by which OLM installs the version and consoles present it.
// https://olm.operatorframework.io/docs/tasks/creating-operator-manifests/
func (r *release) serviceVersion(p parts, image string) (resource, error) {
	text, err := os.ReadFile(filepath.Join(r.root, "charts", operator, "Chart.yaml"))
	if err != nil {
		return nil, err
	}
	var about metadata
	if err := yaml.Unmarshal(r.ofVersion(text), &about); err != nil {
		return nil, err
	}
	oldest := atLeast.FindStringSubmatch(about.KubeVersion)
	if oldest == nil {
		return nil, fmt.Errorf("kubeVersion of Chart.yaml is %q, and not like >=1.32.0-0", about.KubeVersion)
	}
	var links []any
	if err := yaml.Unmarshal([]byte(about.Annotations["artifacthub.io/links"]), &links); err != nil {
		return nil, fmt.Errorf("the links in Chart.yaml: %w", err)
	}
	readme, err := os.ReadFile(filepath.Join(r.root, "README.md"))
	if err != nil {
		return nil, err
	}
	says := introduction.FindSubmatch(readme)
	if says == nil {
		return nil, errors.New("README.md has no introduction between its title and its first section")
	}
	labels := map[string]any{}
	for _, on := range r.operatorPlatforms {
		labels["operatorframework.io/os."+on.os] = "supported"
		labels["operatorframework.io/arch."+on.arch] = "supported"
	}
	account := p.deployment.text("spec", "template", "spec", "serviceAccountName")
	granted := func(rules []any) []any { return []any{resource{"serviceAccountName": account, "rules": rules}} }
	spec := resource{
		"displayName":    title,
		"description":    string(says[1]) + fmt.Sprintf(before, repository+"/blob/"+r.version),
		"version":        strings.TrimPrefix(r.version, "v"),
		"maturity":       "alpha",
		"minKubeVersion": oldest[1],
		"keywords":       about.Keywords,
		"links":          links,
		"provider":       resource{"name": path.Base(path.Dir(module)), "url": "https://" + path.Dir(module)},
		"relatedImages":  []any{resource{"name": operator, "image": image}},
		// It watches all namespaces; access rules say who may do what in which.
		"installModes": []any{
			resource{"type": "OwnNamespace", "supported": false},
			resource{"type": "SingleNamespace", "supported": false},
			resource{"type": "MultiNamespace", "supported": false},
			resource{"type": "AllNamespaces", "supported": true},
		},
		"install": resource{"strategy": "deployment", "spec": resource{
			"deployments": []any{resource{
				"name":  p.deployment.name(),
				"label": p.deployment["metadata"].(map[string]any)["labels"],
				"spec":  p.deployment["spec"],
			}},
			"clusterPermissions": granted(p.cluster),
			"permissions":        granted(p.own),
		}},
	}
	previous, err := r.previous()
	if err != nil {
		return nil, err
	}
	if previous != "" {
		spec["replaces"] = operator + ".v" + previous
	}
	return resource{
		"apiVersion": "operators.coreos.com/v1alpha1",
		"kind":       "ClusterServiceVersion",
		"metadata": map[string]any{
			"name":   operator + "." + r.version,
			"labels": labels,
			"annotations": map[string]any{
				"capabilities":   about.Annotations["artifacthub.io/operatorCapabilities"],
				"categories":     "Security",
				"containerImage": image,
				"createdAt":      r.source.date.Format(time.RFC3339),
				"description":    about.Description,
				"repository":     repository,
				"support":        repository + "/issues",
				"operatorframework.io/suggested-namespace": p.namespace,
			},
		},
		"spec": spec,
	}, nil
}

// previous is the release before this one in the changelog, whose bundle this one replaces: empty for the first, and for
// what is no release.
func (r *release) previous() (string, error) {
	text, err := os.ReadFile(r.changelog)
	if err != nil {
		return "", err
	}
	all := releases.FindAllSubmatch(text, -1)
	for i, found := range all {
		if "v"+string(found[1]) == r.version && i+1 < len(all) {
			return string(all[i+1][1]), nil
		}
	}
	return "", nil
}
