package manifests_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/cli/manifests"
)

const ada = `apiVersion: identity.entraops.dev/v1alpha1
kind: PhoneAuthenticationMethod
metadata: {name: ada-mobile}
spec: {user: ada@contoso.com, phoneType: mobile, phoneNumber: "+1 2065550100"}
`

func write(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestWhatIsAboutPhonesIsKept(t *testing.T) {
	dir := write(t, map[string]string{
		"people/ada.yaml": "# a comment\n---\n" + ada + "---\n\n",
		"people/list.json": `{"apiVersion": "v1", "kind": "List", "items": [
			{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "people"}},
			{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "ada-phones", "namespace": "staff"}}]}`,
		"people/sealed.yml":         "apiVersion: v1\nkind: Secret\nmetadata: {name: ben-phones}\nsops: {version: 3.9.0}\n",
		"people/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
		"people/README.md":          "no manifest",
		"tenant.yaml":               "apiVersion: identity.entraops.dev/v1alpha1\nkind: EntraTenant\nmetadata: {name: default}\n",
		"apps/deployment.yaml":      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n",
	})
	in := strings.NewReader(strings.Replace(ada, "ada-mobile", "ben-mobile", 1))
	s, err := manifests.Read([]string{dir, "-"}, in, "people")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range s.Objects {
		got = append(got, o.GetKind()+" "+o.GetNamespace()+"/"+o.GetName())
	}
	want := []string{
		"PhoneAuthenticationMethod people/ada-mobile", "Namespace /people", "Secret staff/ada-phones", "EntraTenant /default",
		"PhoneAuthenticationMethod people/ben-mobile",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"Kustomization": 1, "Deployment": 1, "Service": 1}, s.Ignored); diff != "" {
		t.Errorf("ignored (-want +got):\n%s", diff)
	}
	if len(s.Sealed) != 1 || s.Sealed[0].GetKind()+" "+s.Sealed[0].GetNamespace()+"/"+s.Sealed[0].GetName() != "Secret people/ben-phones" {
		t.Errorf("sealed: %v", s.Sealed)
	}
}

func TestWhatCannotBeReadIsNamedWithoutItsNumber(t *testing.T) {
	for name, text := range map[string]string{
		"is no YAML that can be read": "spec:\n  phoneNumber: \"+1 2065550100\n",
		"is in ":                      ada + "---\n" + ada,
		"has no name":                 strings.Replace(ada, "{name: ada-mobile}", "{}", 1),
		"it has no kind":              "phoneNumber: +12065550100\n",
		`document 2: PhoneAuthenticationMethod "ada-mobile" is of apiVersion identity.entraops.dev/v1beta1: only`: "kind: Job\n---\n" + strings.Replace(ada, "v1alpha1", "v1beta1", 1),
		`PhoneAuthMethod "ada-mobile" is of apiVersion identity.entraops.dev/v1alpha1: only`:                      strings.Replace(ada, "PhoneAuthenticationMethod", "PhoneAuthMethod", 1),
	} {
		_, err := manifests.Read([]string{write(t, map[string]string{"a.yaml": text})}, nil, "people")
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "55501") {
			t.Errorf("want %q, got %v", name, err)
		}
	}
	if _, err := manifests.Read([]string{"/nowhere/at/all"}, nil, "people"); err == nil {
		t.Error("a folder that is not there was read")
	}
}

// An empty input is what a command that failed has written. A folder may be empty, or have other things.
func TestAnInputWithoutManifestsIsAnError(t *testing.T) {
	dir := write(t, map[string]string{"empty.yaml": "# nothing\n---\n"})
	for _, path := range []string{"-", filepath.Join(dir, "empty.yaml")} {
		if _, err := manifests.Read([]string{path}, strings.NewReader("\n# a comment\n"), "people"); err == nil || !strings.Contains(err.Error(), "has no manifest") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if s, err := manifests.Read([]string{dir}, nil, "people"); err != nil || s.Len() != 0 {
		t.Errorf("%+v %v", s, err)
	}
	if s, err := manifests.Read([]string{"-"}, strings.NewReader("apiVersion: v1\nkind: Service\n"), "people"); err != nil || s.Len() != 1 {
		t.Errorf("%+v %v", s, err)
	}
}
