package cli

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/entraops/phone-operator/internal/cli/importing"
)

// Of two imports into one folder the second does nothing, to the report of the first neither.
func TestTwoImportsAtOnce(t *testing.T) {
	w := newConnected(t, "atonce", least, fast)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	w.user("ben", having(map[string]string{"mobile": "+1 2065550102"}))
	dir, report := t.TempDir(), filepath.Join(t.TempDir(), "report.csv")
	args := []string{"import", "--from-tenant", w.namespace, "nobody@contoso.com", "ada@contoso.com", "--out", dir, "--report", report}
	w.interrupted(args[3:]...)
	before, err := os.ReadFile(report)
	must(t, err)

	first, err := importing.NewFolder(dir, importing.Style{})
	must(t, err)
	for _, second := range [][]string{append(args, "--resume"), {"import", "--from-csv", file(t, people), "--out", dir, "--report", report}} {
		if _, _, err := w.run(second...); !errors.Is(err, importing.ErrBusy) {
			t.Errorf("%v: %v", second, err)
		}
	}
	first.Close()
	if after, err := os.ReadFile(report); err != nil || string(after) != string(before) {
		t.Errorf("the report was %q, and is %q: %v", before, after, err)
	}

	// Nor does an import from a table write over what another one is to go on with.
	if _, _, err := w.run("import", "--from-csv", file(t, people), "--out", dir); !errors.Is(err, importing.ErrInterrupted) {
		t.Error(err)
	}
	w.works(append(args, "--resume")...)
	left, err := os.ReadDir(dir)
	if must(t, err); len(left) != 1 || left[0].Name() != "phones-0001.yaml" {
		t.Errorf("in the folder are %v", left)
	}
}
