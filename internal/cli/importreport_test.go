package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entraops/phone-operator/internal/cli/importing"
)

// A name that was mistyped costs nobody a file: only what an import wrote is written over.
func TestAReportIsWrittenOverNothingElse(t *testing.T) {
	table, dir := file(t, people), t.TempDir()
	foreign, link, earlier := filepath.Join(dir, "letter.txt"), filepath.Join(dir, "link.csv"), filepath.Join(dir, "report.csv")
	must(t, os.WriteFile(foreign, []byte("Dear Ada,\n"), 0o600))
	must(t, os.Symlink(foreign, link))
	for path, want := range map[string]string{
		foreign: "no report of an import", link: "no report of an import", table: "no report of an import", dir: "is a directory", os.DevNull: "is no file",
	} {
		before, _ := os.ReadFile(path)
		_, _, err := offline(t, "import", "--from-csv", table, "--dry-run", "--report", path)
		if after, _ := os.ReadFile(path); err == nil || !strings.Contains(err.Error(), want) || string(after) != string(before) {
			t.Errorf("%s: %v, and now it is %q", path, err, after)
		}
	}
	for range 2 { // its own
		_, _, err := offline(t, "import", "--from-csv", table, "--dry-run", "--report", earlier)
		must(t, err)
	}
	text, err := os.ReadFile(earlier)
	must(t, err)
	if strings.Count(string(text), "line,column") != 1 {
		t.Errorf("the report:\n%s", text)
	}
	// One that another import is writing.
	other, err := os.Open(earlier)
	must(t, err)
	must(t, importing.Lock(other))
	if _, _, err = offline(t, "import", "--from-csv", table, "--dry-run", "--report", earlier); !errors.Is(err, importing.ErrBusy) {
		t.Error(err)
	}
	must(t, other.Close())
	if after, err := os.ReadFile(earlier); err != nil || string(after) != string(text) {
		t.Errorf("the report was written over while another import wrote it: %v", err)
	}
	// What a full disk left of one.
	must(t, os.WriteFile(earlier, text[:9], 0o600))
	_, _, err = offline(t, "import", "--from-csv", table, "--dry-run", "--report", earlier)
	must(t, err)
}

// Nor is the report one of the files that the import itself has beside it.
func TestAReportIsNoneOfTheImportsFiles(t *testing.T) {
	table, dir := file(t, people), t.TempDir()
	for name, want := range map[string]bool{
		"import.report.csv": false, "import.journal": false, ".phonemethod-import.lock": false, "phones-0001.yaml": false, "secrets-0001.yaml": false,
		"report.csv": true,
	} {
		if _, _, err := offline(t, "import", "--from-csv", table, "--out", dir, "--report", filepath.Join(dir, ".", name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, err := offline(t, "import", "--from-csv", table, "--out", dir, "--report", filepath.Join(t.TempDir(), "import.report.csv"))
	must(t, err)
}
