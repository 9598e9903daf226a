package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/cli/importing"
)

// offline types a command of somebody who has no cluster.
func offline(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	return offlineWith(t, "", args...)
}

// offlineWith types a command and what it reads of standard input.
func offlineWith(t *testing.T, in string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	var out, errOut bytes.Buffer
	root := New(genericiooptions.IOStreams{In: strings.NewReader(in), Out: &out, ErrOut: &errOut})
	root.SetArgs(args)
	err = root.ExecuteContext(t.Context())
	if strings.Contains(errOut.String(), "55501") || err != nil && strings.Contains(err.Error(), "55501") {
		t.Errorf("a number was printed: %s %v", errOut.String(), err)
	}
	return out.String(), errOut.String(), err
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "people.csv")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

const people = "Name;UPN;Mobile;Office\r\n" +
	"\"Lovelace, Ada\";ada@contoso.com;206 555 0100;\r\n" +
	"\"Bell, Ben\";ben@contoso.com;+1 2065550101;\"+1 206 555 0102 ext. 12\"\r\n" +
	"\"Doe, Dan\";dan;+1 2065550103;\r\n"

// resources parses manifests strictly.
func resources(t *testing.T, text string) (all []v1alpha1.PhoneAuthenticationMethod) {
	t.Helper()
	for part := range strings.SplitSeq(strings.TrimPrefix(text, "---\n"), "---\n") {
		var o v1alpha1.PhoneAuthenticationMethod
		must(t, yaml.UnmarshalStrict([]byte(part), &o))
		all = append(all, o)
	}
	return all
}

func TestImportWritesManifests(t *testing.T) {
	dir, report := filepath.Join(t.TempDir(), "out"), filepath.Join(t.TempDir(), "report.csv")
	out, _, err := offline(t, "import", "--from-csv", file(t, people), "--default-region=us", "-n", "people", "--tenant=contoso",
		"--out", dir, "--report", report)
	must(t, err)
	mustSay(t, out, "read 3 rows of ", `delimiter ";"`, "imported: 3 phones; left out: 1 refused", "1 CountryOfDefault", "wrote 1 file ", "+1 ********00")

	text, err := os.ReadFile(filepath.Join(dir, "phones-0001.yaml"))
	must(t, err)
	mustSay(t, string(text), "  # guess: the country is taken from --default-region\n  phoneNumber: \"+1 2065550100\"\n")
	all := resources(t, string(text))
	if len(all) != 3 {
		t.Fatalf("got %d resources", len(all))
	}
	o := all[2]
	if o.Name != "ben-at-contoso.com-office" || o.Namespace != "people" || o.Spec.PhoneNumber != "+1 2065550102x12" ||
		o.Spec.TenantName() != "contoso" || o.Spec.AdoptionPolicy != v1alpha1.AdoptIfNumberMatches || o.Spec.DeletionPolicy != v1alpha1.DeletionOrphan {
		t.Errorf("got %+v", o.Spec)
	}
	text, err = os.ReadFile(report)
	must(t, err)
	mustSay(t, string(text), "line,column,user,phoneType,kind,reason,number,message\n2,Mobile,ada@contoso.com,mobile,guess,CountryOfDefault,+1 ********00,",
		"4,UPN,,,refused,NotAPrincipalName,,")
}

func TestImportPutsNumbersIntoSecrets(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	_, _, err := offline(t, "import", "--from-csv", file(t, people), "--default-region=US", "--numbers=secret", "--out", dir)
	must(t, err)
	phones, err := os.ReadFile(filepath.Join(dir, "phones-0001.yaml"))
	must(t, err)
	secrets, err := os.ReadFile(filepath.Join(dir, "secrets-0001.yaml"))
	must(t, err)
	if strings.Contains(string(phones), "55501") {
		t.Error("a number is in a resource")
	}
	mustSay(t, string(phones), "      name: ada-at-contoso.com-mobile\n      key: number\n")
	mustSay(t, string(secrets), "    identity.entraops.dev/user: \"ada@contoso.com\"\n", "  number: \"+1 2065550100\"\n")
	info, err := os.Stat(filepath.Join(dir, "secrets-0001.yaml"))
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v", info.Mode())
	}
}

func TestImportToStandardOutput(t *testing.T) {
	out, stderr, err := offline(t, "import", "--from-csv", file(t, people), "--default-region=US", "--out=-")
	must(t, err)
	if all := resources(t, out); len(all) != 3 {
		t.Errorf("got %d resources", len(all))
	}
	mustSay(t, stderr, "imported: 3 phones; left out: 1 refused")
}

func TestImportFailsOnWhatItIsToldTo(t *testing.T) {
	path := file(t, people)
	for kind, args := range map[string][]string{
		"guess":   {"--default-region=US", "--fail-on=guess"},
		"refused": {"--fail-on=duplicate,refused"},
	} {
		dir := filepath.Join(t.TempDir(), "out")
		_, _, err := offline(t, append([]string{"import", "--from-csv", path, "--out", dir}, args...)...)
		if err == nil || !strings.Contains(err.Error(), "--fail-on "+kind) {
			t.Errorf("%s: %v", kind, err)
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s: something was written: %v", kind, err)
		}
	}
	for _, args := range [][]string{{"--fail-on=shared,duplicate"}, {"--default-region=US", "--fail-on=guess", "--accept=CountryOfDefault"}} {
		_, _, err := offline(t, append([]string{"import", "--from-csv", path, "--out", t.TempDir()}, args...)...)
		must(t, err)
	}
}

func TestImportAsJSON(t *testing.T) {
	out, _, err := offline(t, "import", "--from-csv", file(t, people), "--dry-run", "-o", "json")
	must(t, err)
	var got imported
	must(t, json.Unmarshal([]byte(out), &got))
	if got.Phones != 2 || got.Counts[importing.Refused] != 2 || got.Columns[importing.Mobile] != "Mobile" || len(got.Findings) != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestImportSaysWhatIsWrongWithACommandLine(t *testing.T) {
	path := file(t, people)
	noHeader := file(t, "ada@contoso.com,+1 2065550100\n")
	for want, args := range map[string][]string{
		"say --out":                                 {"--from-csv", path},
		"none of refused, guess":                    {"--from-csv", path, "--out=x", "--fail-on=warning"},
		"no country that has telephones":            {"--from-csv", path, "--out=x", "--default-region=Narnia"},
		"none of user, mobile":                      {"--from-csv", path, "--out=x", "--map=fax=Mobile"},
		`no column "Tel" for office`:                {"--from-csv", path, "--out=x", "--map=office=Tel"},
		"--accept CountryOfColum is none of":        {"--from-csv", path, "--out=x", "--accept=CountryOfColum"},
		"plain or secret":                           {"--from-csv", path, "--out=x", "--numbers=sops"},
		"The columns are: \"ada@contoso.com\", \"(": {"--from-csv", noHeader, "--out=x"},
		"no such file":                              {"--from-csv", "nowhere.csv", "--out=x"},
		"is no name of a namespace":                 {"--from-csv", path, "--out=x", "-n", "bad name;x"},
	} {
		if _, _, err := offline(t, append([]string{"import"}, args...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

// TestTheAPIServerTakesWhatIsImported: what import takes for a user, it also may put into a resource of this name.
func TestTheAPIServerTakesWhatIsImported(t *testing.T) {
	w := newWorld(t, "imported")
	table := "UPN,Mobile,Office\n"
	for _, user := range []string{
		"ada@contoso.com", "O'Neil@contoso.com", "jean-luc.picard@my-company.co.uk", "_@contoso.com", "a..b@contoso.com", "$guest@contoso.com",
		"grace_fabrikam.com#EXT#@contoso.onmicrosoft.com", "x!y~z^@contoso.com", "0F1C3E48-750b-4051-897c-87b9720928f7", "-a-@c-.com",
		strings.Repeat("n", 64) + "@" + strings.Repeat("d", 44) + ".com", strings.Repeat("n", 59) + "#EXT#@" + strings.Repeat("d", 44) + ".com",
		// and refused
		"ada@contoso", "ada.@contoso.com", "ada@contoso.com.", "a b@contoso.com", "\u00e4@contoso.com", "ada@b@contoso.com", "*@contoso.com",
		strings.Repeat("n", 65) + "@contoso.com", "a@" + strings.Repeat("d", 45) + ".com", strings.Repeat("n", 110) + "#EXT#@contoso.com",
	} {
		table += user + ",+1 2065550100,+1 2065550101x12\n"
	}
	for _, numbers := range []string{"plain", "secret"} {
		dir := filepath.Join(t.TempDir(), "out")
		out, _, err := w.run("import", "--from-csv", file(t, table), "--numbers", numbers, "--tenant=contoso", "--out", dir)
		must(t, err)
		mustSay(t, out, "imported: 24 phones; left out: 10 refused")
		text, err := os.ReadFile(filepath.Join(dir, "phones-0001.yaml"))
		must(t, err)
		for _, o := range resources(t, string(text)) {
			if err := w.Create(t.Context(), &o, client.DryRunAll); err != nil {
				t.Errorf("%s: %v", o.Name, err)
			}
		}
		if numbers == "plain" {
			continue
		}
		text, err = os.ReadFile(filepath.Join(dir, "secrets-0001.yaml"))
		must(t, err)
		for part := range strings.SplitSeq(strings.TrimPrefix(string(text), "---\n"), "---\n") {
			var o corev1.Secret
			must(t, yaml.UnmarshalStrict([]byte(part), &o))
			must(t, w.Create(t.Context(), &o, client.DryRunAll))
		}
	}
}
