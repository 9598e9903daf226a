package cli

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestASecondImportIntoTheSameFolder(t *testing.T) {
	w := newConnected(t, "twice", least, fast)
	for n, name := range []string{"ada", "ben", "cora"} {
		w.user(name, having(map[string]string{"mobile": fmt.Sprintf("+1 206555010%d", n+1)}))
	}
	dir := t.TempDir()
	w.imports("--all", "--out", dir)
	w.apply(dir)
	for _, more := range []string{"", "dan"} {
		if more != "" {
			w.user(more, having(map[string]string{"mobile": "+1 2065550104"}))
		}
		out, _, err := w.run("import", "--from-tenant", w.namespace, "--all", "--out", dir)
		if got := len(w.declared(dir)); got < 3 {
			t.Errorf("of 3 manifests that were there %d are left (more %q, err %v):\n%s", got, more, err, out)
		}
		if strings.Contains(out, "to be removed") {
			t.Errorf("it advises to remove what the cluster has (more %q): %s", more, out)
		}
	}
}

// Nor does an import of a table write over them, whereas it does over its own.
func TestATableIntoTheFolderOfATenant(t *testing.T) {
	w := newConnected(t, "tableover", least, fast)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	for _, numbers := range []string{"plain", "secret"} {
		dir, tables := t.TempDir(), t.TempDir()
		w.imports("--all", "--out", dir, "--numbers", numbers)
		before := w.declared(dir)
		if _, _, err := w.run("import", "--from-csv", file(t, people), "--out", dir); !errors.Is(err, errHasManifests) {
			t.Error(err)
		}
		if d := cmp.Diff(before, w.declared(dir)); d != "" || len(before) != 1 {
			t.Errorf("of %q (-before +after):\n%s", before, d)
		}
		for range 2 {
			w.works("import", "--from-csv", file(t, people), "--out", tables)
		}
	}
}
