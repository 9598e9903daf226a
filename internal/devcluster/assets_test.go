package devcluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAssetsSaysWhatToRunWhereThereAreNone(t *testing.T) {
	root := t.TempDir()
	t.Setenv("KUBEBUILDER_ASSETS", "")
	if _, err := Assets(root); err == nil || !strings.Contains(err.Error(), "make assets") {
		t.Errorf("got %v, want it to name make assets", err)
	}
}

func TestAssetsOfTheEnvironmentComeFirst(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("KUBEBUILDER_ASSETS", dir)
	if _, err := Assets(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("an empty directory: got %v, want an error that names it", err)
	}
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := Assets(t.TempDir()); err != nil || got != dir {
		t.Errorf("got %q, %v, want %q", got, err, dir)
	}
}
