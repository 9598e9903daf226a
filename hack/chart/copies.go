package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

const head = "# Made from config/ by hack/chart (make generate): edit it there.\n"

// namespaced says of each resource that the operator has rights on whether those can be given per namespace. Events of an
// EntraTenant, which is in no namespace, are written to the namespace default, so their right stays with the cluster.
var namespaced = map[string]bool{
	"secrets": true, "phoneauthenticationmethods": true, "phoneauthenticationmethods/status": true,
	"namespaces": false, "events": false, "entratenants": false, "entratenants/status": false,
}

// roles are the rules of files/roles.yaml, by their use in the templates.
type roles struct {
	// Manager is what the operator needs: All, or where it watches some namespaces only, Cluster and, in each of them,
	// Namespaced.
	Manager struct {
		All        []rbacv1.PolicyRule `json:"all"`
		Cluster    []rbacv1.PolicyRule `json:"cluster"`
		Namespaced []rbacv1.PolicyRule `json:"namespaced"`
	} `json:"manager"`
	LeaderElection []rbacv1.PolicyRule `json:"leaderElection"`
	MetricsAuth    []rbacv1.PolicyRule `json:"metricsAuth"`
	MetricsReader  []rbacv1.PolicyRule `json:"metricsReader"`
	// Webhook names one webhook configuration (ClusterRole) and one Secret (Role), whose names the templates set.
	Webhook struct {
		ClusterRole []rbacv1.PolicyRule `json:"clusterRole"`
		Role        []rbacv1.PolicyRule `json:"role"`
	} `json:"webhook"`
	// People are the ClusterRoles for people, by name without the prefix.
	People map[string][]rbacv1.PolicyRule `json:"people"`
}

// object is any object of config/: its metadata and the parts that are copied.
type object struct {
	Kind     string                `json:"kind"`
	Metadata struct{ Name string } `json:"metadata"`
	Spec     map[string]any        `json:"spec"`
	Webhooks []any                 `json:"webhooks"`
}

// copies returns the files below files/, by path in the chart.
func copies(root string) (map[string][]byte, error) {
	files := map[string][]byte{}
	crds, err := filepath.Glob(filepath.Join(root, "config/crd/bases/*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, path := range crds {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		_, plural, _ := strings.Cut(filepath.Base(path), "_")
		files["files/crds/"+plural] = append([]byte(head), text...)
	}
	boards, err := filepath.Glob(filepath.Join(root, "config/grafana/*.json"))
	if err != nil {
		return nil, err
	}
	for _, path := range boards {
		if files["files/dashboards/"+filepath.Base(path)], err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	r, err := readRoles(root)
	if err != nil {
		return nil, err
	}
	parts := map[string]any{"roles.yaml": r}
	for to, from := range map[string]string{
		"metadata-policy.yaml":              "metadata-policy/policy.yaml",
		"users-of-namespaces-policy.yaml":   "admission/policy.yaml",
		"users-of-namespaces-bindings.yaml": "admission/binding.yaml",
		"alerts.yaml":                       "prometheus/alerts.yaml",
		"webhooks.yaml":                     "webhook/manifests.yaml",
	} {
		objects, err := read[object](root, from)
		if err != nil {
			return nil, err
		}
		switch {
		case to == "webhooks.yaml":
			parts[to] = map[string]any{"webhooks": objects[0].Webhooks}
		case len(objects) > 1:
			specs := map[string]any{}
			for _, o := range objects {
				specs[strings.TrimPrefix(o.Metadata.Name, "phone-operator-")] = o.Spec
			}
			parts[to] = specs
		default:
			parts[to] = objects[0].Spec
		}
	}
	for name, part := range parts {
		text, err := yaml.Marshal(part)
		if err != nil {
			return nil, err
		}
		files["files/"+name] = append([]byte(head), text...)
	}
	return files, nil
}

func readRoles(root string) (*roles, error) {
	found := map[string][]rbacv1.PolicyRule{} // by kind and name
	paths, err := filepath.Glob(filepath.Join(root, "config/rbac/*role.yaml"))
	if err != nil {
		return nil, err
	}
	for _, path := range append(paths, filepath.Join(root, "config/webhook/role.yaml")) {
		path, err := filepath.Rel(filepath.Join(root, "config"), path)
		if err != nil {
			return nil, err
		}
		objects, err := read[rbacv1.ClusterRole](root, path)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			found[o.Kind+" "+o.Name] = o.Rules
		}
	}
	r := &roles{People: map[string][]rbacv1.PolicyRule{}}
	for name, into := range map[string]*[]rbacv1.PolicyRule{
		"ClusterRole manager-role":      &r.Manager.All,
		"Role leader-election-role":     &r.LeaderElection,
		"ClusterRole metrics-auth-role": &r.MetricsAuth,
		"ClusterRole metrics-reader":    &r.MetricsReader,
		"ClusterRole webhook-role":      &r.Webhook.ClusterRole,
		"Role webhook-role":             &r.Webhook.Role,
	} {
		rules, ok := found[name]
		if !ok {
			return nil, fmt.Errorf("config/ has no %s", name)
		}
		*into = rules
		delete(found, name)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		kind, short, _ := strings.Cut(name, " ")
		if kind != "ClusterRole" || !strings.HasPrefix(short, "phoneauthenticationmethod-") && !strings.HasPrefix(short, "entratenant-") {
			return nil, fmt.Errorf("config/ has a %s, and the chart has no place for it: add it here and to templates/rbac.yaml", name)
		}
		r.People[short] = found[name]
	}
	for _, rule := range r.Manager.All {
		if err := r.split(rule); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// split adds a rule to those of the cluster and of the namespaces, with the resources that belong there.
func (r *roles) split(rule rbacv1.PolicyRule) error {
	cluster, inNamespaces := *rule.DeepCopy(), *rule.DeepCopy()
	cluster.Resources, inNamespaces.Resources = nil, nil
	for _, resource := range rule.Resources {
		is, known := namespaced[resource]
		switch {
		case !known:
			return fmt.Errorf("the manager's role has the resource %s: say in hack/chart whether its right can be given per namespace", resource)
		case is:
			inNamespaces.Resources = append(inNamespaces.Resources, resource)
		default:
			cluster.Resources = append(cluster.Resources, resource)
		}
	}
	if len(cluster.Resources) > 0 {
		r.Manager.Cluster = append(r.Manager.Cluster, cluster)
	}
	if len(inNamespaces.Resources) > 0 {
		r.Manager.Namespaced = append(r.Manager.Namespaced, inNamespaces)
	}
	return nil
}

// documents splits a YAML stream; those of comments alone are left out.
func documents(text []byte) (all [][]byte) {
	for document := range bytes.SplitSeq(append([]byte("\n"), text...), []byte("\n---\n")) {
		var content any
		if yaml.Unmarshal(document, &content) != nil || content != nil {
			all = append(all, document)
		}
	}
	return all
}
