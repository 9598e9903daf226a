package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// What config/default has is in the bundle or in the file beside it, and the rights are the same. OLM's own validators, and
// an API server, judge the bundle in hack/tools/olm.
func TestTheBundleInstallsWhatTheManifestInstalls(t *testing.T) {
	r := bundled(t)
	image := r.image + ":v1.2.3@" + digest
	rendered, err := r.render(t.Context(), t.TempDir(), image)
	must(t, err)
	must(t, r.writeBundle(rendered, image))

	csv := bundleObject(t, r, "phone-operator.v1.2.3_clusterserviceversion.yaml")
	install := csv["spec"].(map[string]any)["install"].(map[string]any)["spec"].(map[string]any)
	text := read(t, filepath.Join(r.dist, "olm", "manifests", "phone-operator.v1.2.3_clusterserviceversion.yaml"))
	if strings.Count(text, "image: registry.example/phone-operator@"+digest+"\n") != 2 || strings.Contains(text, ":v1.2.3@") {
		t.Error("the image is not given by its digest alone, for the Deployment and among the related images")
	}
	beside, err := resources([]byte(read(t, filepath.Join(r.dist, prerequisites))))
	must(t, err)
	all, err := resources([]byte(strings.ReplaceAll(string(rendered), image, r.image+"@"+digest)))
	must(t, err)

	if strings.Contains(text, "leases") {
		t.Error("OLM is asked for rights on Leases, which it would give in all namespaces")
	}
	leases := slices.IndexFunc(beside, func(o resource) bool { return o.kind() == "Role" })
	if leases < 0 {
		t.Fatalf("%s has no Role for Leases", prerequisites)
	}

	files := []string{"phone-operator.v1.2.3_clusterserviceversion.yaml"}
	rules := map[string]any{}
	for _, o := range all {
		switch o.kind() {
		case "Namespace", "NetworkPolicy", "RoleBinding", "CustomResourceDefinition", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding":
			if !slices.ContainsFunc(beside, func(b resource) bool { return reflect.DeepEqual(b, o) }) {
				t.Errorf("%s has no %s %s", prerequisites, o.kind(), o.name())
			}
			continue
		case "Deployment":
			deployment := install["deployments"].([]any)[0].(map[string]any)
			if deployment["name"] != o.name() || !reflect.DeepEqual(deployment["spec"], o["spec"]) {
				t.Error("the Deployment is another one")
			}
			continue
		case "ServiceAccount", "ClusterRoleBinding":
			continue // OLM makes them
		case "ClusterRole", "Role":
			switch o.name() {
			case "phone-operator-manager-role", "phone-operator-metrics-auth-role", "phone-operator-leader-election-role":
				rules[o.name()] = o["rules"]
				continue
			}
		}
		file := o.name() + "_" + strings.ToLower(o.kind()) + ".yaml"
		files = append(files, file)
		got := bundleObject(t, r, file)
		for _, part := range []string{"apiVersion", "kind", "spec", "rules"} {
			if !reflect.DeepEqual(got[part], o[part]) {
				t.Errorf("%s has another %s", file, part)
			}
		}
		if got.text("metadata", "namespace") != "" {
			t.Errorf("%s names the namespace, which OLM's user chooses", file)
		}
	}
	slices.Sort(files)
	if got := names(t, filepath.Join(r.dist, "olm", "manifests")); !slices.Equal(got, files) {
		t.Errorf("got  %q\nwant %q", got, files)
	}
	if len(beside) != 8 {
		t.Errorf("%s has %d objects, not 8", prerequisites, len(beside))
	}
	if csv["spec"].(map[string]any)["customresourcedefinitions"] != nil {
		t.Error("the bundle owns kinds, and whoever has edit may write them")
	}
	own := rules["phone-operator-leader-election-role"].([]any)
	if got := slices.Concat(beside[leases]["rules"].([]any), install["permissions"].([]any)[0].(map[string]any)["rules"].([]any)); !reflect.DeepEqual(got, own) {
		t.Errorf("in its own namespace it has %v, not %v", got, own)
	}
	for where, want := range map[string][]any{
		"clusterPermissions": slices.Concat(rules["phone-operator-manager-role"].([]any), rules["phone-operator-metrics-auth-role"].([]any)),
		"permissions":        own[1:],
	} {
		granted := install[where].([]any)
		only := granted[0].(map[string]any)
		if len(granted) != 1 || only["serviceAccountName"] != "phone-operator-controller-manager" || !reflect.DeepEqual(sortedRules(t, only["rules"]), sortedRules(t, want)) {
			t.Errorf("%s are %v\nwant     %v", where, granted, want)
		}
	}
}

func TestTheBundleTellsItsVersion(t *testing.T) {
	for version, replaces := range map[string]string{
		"v1.2.3": "phone-operator.v1.2.2", "v1.2.1": "", "v0.0.0-g0a1b2c3d4e5f": "",
	} {
		r := bundled(t)
		r.version = version
		image := r.image + ":" + version
		rendered, err := r.render(t.Context(), t.TempDir(), image)
		must(t, err)
		must(t, r.writeBundle(rendered, image))
		csv := bundleObject(t, r, "phone-operator."+version+"_clusterserviceversion.yaml")
		if got := csv.text("spec", "replaces"); got != replaces {
			t.Errorf("%s replaces %q, not %q", version, got, replaces)
		}
		if got := "v" + csv.text("spec", "version"); got != version {
			t.Errorf("%s says that it is %s", version, got)
		}
		text := csv.text("spec", "description")
		if !strings.Contains(text, "/blob/"+version+"/CHANGELOG.md") || !strings.HasPrefix(text, "Phone Operator keeps ") {
			t.Errorf("%s: the description is %s", version, text)
		}
	}
}

// A new kind in config/default must not get lost, nor rights that are given to others.
func TestTheBundleRefusesWhatItHasNoPlaceFor(t *testing.T) {
	const account = "kind: ServiceAccount\nmetadata: {name: a}\n---\n"
	for text, want := range map[string]string{
		account + "kind: Gadget\nmetadata: {name: g}": "config/default has a Gadget",
		account + "kind: ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {kind: ClusterRole, name: r}\nsubjects: [{kind: Group, name: g}]": "binds others than the operator",
		account + account + "kind: Service":                     "a bundle is made for one",
		account + "kind: Namespace\nmetadata: {name: n}":        "no Deployment",
		account + "kind: Deployment\nmetadata: {name: another}": "not of the ServiceAccount a",
	} {
		all, err := resources([]byte(text))
		must(t, err)
		if _, err := sorted(all); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}

// bundled is a release without programs.
func bundled(t *testing.T) *release {
	t.Helper()
	r, _ := pretend(t, "")
	root, err := filepath.Abs("../..")
	must(t, err)
	r.root, r.operatorPlatforms = root, images
	r.changelog = filepath.Join(t.TempDir(), "CHANGELOG.md")
	must(t, os.WriteFile(r.changelog, []byte(changes), 0o600))
	return r
}

func bundleObject(t *testing.T, r *release, file string) resource {
	t.Helper()
	all, err := resources([]byte(read(t, filepath.Join(r.dist, "olm", "manifests", file))))
	must(t, err)
	return all[0]
}

// sortedRules are rules whose order does not matter.
func sortedRules(t *testing.T, rules any) (all []string) {
	t.Helper()
	for _, rule := range rules.([]any) {
		text, err := yaml.Marshal(rule)
		must(t, err)
		all = append(all, string(text))
	}
	slices.Sort(all)
	return all
}
