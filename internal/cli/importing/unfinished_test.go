package importing

import (
	"os"
	"path/filepath"
	"testing"
)

// What a kill left of a file has whole numbers, in a folder that goes into Git.
func TestWhatAKillLeftOfAFileGoes(t *testing.T) {
	dir := t.TempDir()
	part, foreign := filepath.Join(dir, ".phones-0001.yaml.123"), filepath.Join(dir, ".part-123")
	for _, path := range []string{part, foreign} {
		if err := os.WriteFile(path, []byte("+1 2065550101"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := NewFolder(dir, Style{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.End(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != filepath.Base(foreign) {
		t.Errorf("there are %v: %v", left, err)
	}
}
