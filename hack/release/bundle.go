package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"sigs.k8s.io/yaml"
)

// Where the files of the bundle go below dist, and what OLM does not install.
const (
	bundleDir     = "olm"
	prerequisites = "olm-prerequisites.yaml"
)

// bundleLabels say what the bundle is: in metadata/annotations.yaml, and as labels of an image that has it.
// https://olm.operatorframework.io/docs/best-practices/channel-naming/ has the names of channels.
var bundleLabels = [][2]string{
	{"operators.operatorframework.io.bundle.mediatype.v1", "registry+v1"},
	{"operators.operatorframework.io.bundle.manifests.v1", "manifests/"},
	{"operators.operatorframework.io.bundle.metadata.v1", "metadata/"},
	{"operators.operatorframework.io.bundle.package.v1", operator},
	{"operators.operatorframework.io.bundle.channels.v1", "candidate"},
	{"operators.operatorframework.io.bundle.channel.default.v1", "candidate"},
}

// buildBundle makes the bundle alone, of the image by its tag, as no image needs to be there to look at it.
func (r *release) buildBundle(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "phone-operator-bundle-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	image := r.image + ":" + r.version
	rendered, err := r.render(ctx, dir, image)
	if err != nil {
		return err
	}
	return r.writeBundle(rendered, image)
}

// writeBundle writes the bundle of the Operator Lifecycle Manager (OLM) that installs what config/default, rendered with the
// image, installs: as a directory and as an archive. What OLM takes from no bundle goes into a file of its own.
func (r *release) writeBundle(rendered []byte, image string) error {
	// By digest alone, as catalogs that are mirrored want it.
	pinned := image
	if name, digest, ok := strings.Cut(image, "@"); ok {
		pinned = strings.TrimSuffix(name, ":"+r.version) + "@" + digest
	}
	all, err := resources([]byte(strings.ReplaceAll(string(rendered), image, pinned)))
	if err != nil {
		return err
	}
	parts, err := sorted(all)
	if err != nil {
		return err
	}
	version, err := r.serviceVersion(parts, pinned)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(r.dist, bundleDir)); err != nil {
		return err
	}
	for _, o := range append(parts.manifests, version) {
		text, err := yaml.Marshal(o)
		if err != nil {
			return err
		}
		file := o.name() + "_" + strings.ToLower(o.kind()) + ".yaml"
		if err := r.write(filepath.Join(bundleDir, "manifests", file), text); err != nil {
			return err
		}
	}
	annotations, dockerfile := "annotations:\n", "FROM scratch\n"
	for _, l := range bundleLabels {
		annotations += "  " + l[0] + ": " + l[1] + "\n"
		dockerfile += "LABEL " + l[0] + "=" + l[1] + "\n"
	}
	dockerfile += "COPY manifests /manifests/\nCOPY metadata /metadata/\n"
	for file, text := range map[string]string{"metadata/annotations.yaml": annotations, "bundle.Dockerfile": dockerfile} {
		if err := r.write(filepath.Join(bundleDir, filepath.FromSlash(file)), []byte(text)); err != nil {
			return err
		}
	}
	entries, err := tree(filepath.Join(r.dist, bundleDir))
	if err != nil {
		return err
	}
	archive, err := compressed(r.source.date, entries)
	if err != nil {
		return err
	}
	if err := r.write(operator+"_"+r.version+"_olm.tar.gz", archive); err != nil {
		return err
	}
	var left []string
	for _, o := range parts.prerequisites {
		text, err := yaml.Marshal(o)
		if err != nil {
			return err
		}
		left = append(left, string(text))
	}
	return r.write(prerequisites, []byte(strings.Join(left, "---\n")))
}

// parts are the objects of config/default by what becomes of them with OLM.
type parts struct {
	deployment    resource
	namespace     string
	cluster, own  []any      // rules of the operator's ServiceAccount: from ClusterRoles, and from Roles
	manifests     []resource // beside the ClusterServiceVersion
	prerequisites []resource // what an administrator applies
}

// sorted says of each object where it goes. The kinds that OLM takes from a bundle are those of
// https://github.com/operator-framework/operator-registry/blob/master/pkg/lib/bundle/supported_resources.go
func sorted(all []resource) (p parts, err error) {
	account := ""
	bound := map[string]resource{} // role to its binding
	for _, o := range all {
		switch o.kind() {
		case "ServiceAccount":
			if account != "" {
				return p, fmt.Errorf("config/default has the ServiceAccounts %s and %s: a bundle is made for one", account, o.name())
			}
			account = o.name()
		case "ClusterRoleBinding", "RoleBinding":
			bound[o.text("roleRef", "kind")+" "+o.text("roleRef", "name")] = o
		}
	}
	for _, o := range all {
		switch o.kind() {
		case "Deployment":
			if p.deployment != nil || o.text("spec", "template", "spec", "serviceAccountName") != account {
				return p, fmt.Errorf("the Deployment %s is not the only one, or not of the ServiceAccount %s", o.name(), account)
			}
			p.deployment = o.installedByOLM()
		case "ServiceAccount": // OLM makes it of its name
		case "ClusterRoleBinding", "RoleBinding": // OLM makes them of the rules
			if subjects, _ := o["subjects"].([]any); len(subjects) != 1 || resource(subjects[0].(map[string]any)).text("name") != account {
				return p, fmt.Errorf("the %s %s binds others than the operator: the bundle has no place for it", o.kind(), o.name())
			}
		case "ClusterRole", "Role":
			rules, _ := o["rules"].([]any)
			binding := bound[o.kind()+" "+o.name()]
			switch binding.kind() {
			case "ClusterRoleBinding":
				p.cluster = append(p.cluster, rules...)
			case "RoleBinding":
				everywhere, here := apart(rules)
				p.own = append(p.own, everywhere...)
				o["rules"] = here
				p.prerequisites = append(p.prerequisites, o, binding)
			default: // for people
				p.manifests = append(p.manifests, o.installedByOLM())
			}
		case "PodDisruptionBudget", "Service":
			p.manifests = append(p.manifests, o.installedByOLM())
		case "Namespace":
			p.namespace = o.name()
			p.prerequisites = append(p.prerequisites, o)
		// Of each kind that a bundle owns OLM makes ClusterRoles which are aggregated into admin, edit and view
		// (ensureClusterRolesForCSV in operator-lifecycle-manager), and nothing turns that off: who may write to a namespace
		// could register phones. A CRD in the bundle has to be owned.
		case "CustomResourceDefinition":
			p.prerequisites = append(p.prerequisites, o)
		// A NetworkPolicy is taken since operator-registry 1.55 only, and OLM 1 was reported to fail over it:
		// https://github.com/tektoncd/operator/pull/3873
		case "NetworkPolicy", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding":
			p.prerequisites = append(p.prerequisites, o)
		default:
			return p, fmt.Errorf("config/default has a %s: say in hack/release/bundle.go whether OLM takes it from a bundle", o.kind())
		}
	}
	if p.deployment == nil || p.namespace == "" {
		return p, errors.New("config/default has no Deployment or no Namespace")
	}
	return p, nil
}

// apart tells the rules of a Role that OLM may be given. Of an operator for all namespaces it makes the Roles ClusterRoles
// (ensureSingletonRBAC in operator-lifecycle-manager), and wants at least one. Whoever may write Events everywhere can do
// little; whoever may delete Leases everywhere takes nodes down.
func apart(rules []any) (everywhere, here []any) {
	for _, rule := range rules {
		if reflect.DeepEqual(rule.(map[string]any)["resources"], []any{"events"}) {
			everywhere = append(everywhere, rule)
		} else {
			here = append(here, rule)
		}
	}
	return everywhere, here
}

// resource is an object as it is written in YAML.
type resource map[string]any

// resources reads a stream of objects.
func resources(stream []byte) (all []resource, err error) {
	for document := range strings.SplitSeq(string(stream), "\n---\n") {
		var o resource
		if err := yaml.Unmarshal([]byte(document), &o); err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

// text is the string at a path of keys, empty if there is none.
func (o resource) text(path ...string) string {
	at := any(map[string]any(o))
	for _, key := range path {
		inner, _ := at.(map[string]any)
		at = inner[key]
	}
	text, _ := at.(string)
	return text
}

func (o resource) kind() string { return o.text("kind") }
func (o resource) name() string { return o.text("metadata", "name") }

// installedByOLM leaves out the namespace, which OLM's user chooses, and who installed it.
func (o resource) installedByOLM() resource {
	metadata := o["metadata"].(map[string]any)
	delete(metadata, "namespace")
	if labels, ok := metadata["labels"].(map[string]any); ok {
		delete(labels, "app.kubernetes.io/managed-by")
	}
	return o
}
