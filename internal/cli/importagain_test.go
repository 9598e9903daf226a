package cli

import (
	"fmt"
	"strings"
	"testing"
)

func TestASecondImportIntoTheSameFolder(t *testing.T) {
	w := newConnected(t, "twice", least, fast)
	for n, name := range []string{"ada", "ben", "cora"} {
		w.user(name, having(map[string]string{"mobile": fmt.Sprintf("+1 206555010%d", n+1)}))
	}
	dir := t.TempDir()
	w.imports("--all", "--out", dir)
	w.apply(dir)
	w.user("dan", having(map[string]string{"mobile": "+1 2065550104"}))
	out, _, err := w.run("import", "--from-tenant", w.namespace, "--all", "--out", dir)
	if got := len(w.declared(dir)); got < 3 {
		t.Errorf("of 3 manifests that were there %d are left (err %v):\n%s", got-1, err, out)
	}
	if strings.Contains(out, "to be removed") {
		t.Errorf("it advises to remove what the cluster has: %s", out)
	}
}

func TestASecondImportWithNothingNewAdvisesToRemoveAll(t *testing.T) {
	w := newConnected(t, "advises", least, fast)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	dir := t.TempDir()
	w.imports("--all", "--out", dir)
	w.apply(dir)
	out, _, _ := w.run("import", "--from-tenant", w.namespace, "--all", "--out", dir)
	if strings.Contains(out, "to be removed: phones-0001.yaml") {
		t.Errorf("it advises to remove the manifests of what the cluster has:\n%s", out)
	}
}
