package importing

import (
	"os"
	"path/filepath"
	"testing"
)

// A disk that is full for a moment makes no user be forgotten whom the progress counts.
func TestASaveThatFailsOnce(t *testing.T) {
	dir := t.TempDir()
	j, err := OpenJournal(dir, people, false)
	if err != nil {
		t.Fatal(err)
	}
	j.Add("ada")
	whole := j.file
	if j.file, err = os.Open(filepath.Join(dir, journalName)); err != nil { // cannot be written
		t.Fatal(err)
	}
	if err := j.Save(Progress{Users: 1, Tally: NewTally()}); err == nil {
		t.Fatal("it was saved")
	}
	j.file = whole
	if err := j.Save(Progress{Users: 1, Tally: NewTally()}); err != nil {
		t.Fatal(err)
	}
	again, err := OpenJournal(dir, people, true)
	if err != nil {
		t.Fatal(err)
	}
	if again.Users == 1 && !again.Done("ada") {
		t.Error("one user is done, and it is not known who: the next import writes the manifests twice")
	}
}
