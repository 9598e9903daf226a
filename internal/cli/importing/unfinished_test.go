package importing

import (
	"os"
	"path/filepath"
	"testing"
)

// What a kill left of a file has whole numbers, in a folder that goes into Git.
func TestWhatAKillLeftOfAFileGoes(t *testing.T) {
	dir := t.TempDir()
	part := filepath.Join(dir, ".part-123")
	if err := os.WriteFile(part, []byte("+1 2065550101"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := NewFolder(dir, Style{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.End(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(part); err == nil {
		t.Error("it is still there")
	}
}
