package importing

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/phone"
)

const (
	adaID  = "0f1c0000-0000-4000-8000-000000000001"
	benID  = "0f1c0000-0000-4000-8000-000000000002"
	coraID = "0f1c0000-0000-4000-8000-000000000003"
)

var people = map[string]string{"--namespace": "people"}

func opened(t *testing.T, dir string, what map[string]string, resume bool) *Journal {
	t.Helper()
	j, err := OpenJournal(dir, what, resume)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func (j *Journal) saves(t *testing.T, p Progress, users ...string) {
	t.Helper()
	for _, u := range users {
		j.Add(u)
	}
	if err := j.Save(p); err != nil {
		t.Fatal(err)
	}
}

// Wherever a journal is cut off, what was saved before counts, and nothing else does.
func TestAJournalThatIsCutOffAnywhere(t *testing.T) {
	dir := t.TempDir()
	j := opened(t, dir, people, false)
	j.saves(t, Progress{Users: 2, Files: 1, Report: 7, Tally: NewTally()}, adaID, benID)
	path := filepath.Join(dir, journalName)
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	j.saves(t, Progress{Users: 3, Files: 2, Tally: NewTally()}, coraID)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		j := opened(t, dir, people, true)
		want := Progress{Tally: NewTally()}
		switch {
		case cut == len(whole):
			want = Progress{Users: 3, Files: 2, Tally: NewTally()}
		case cut >= len(first):
			want = Progress{Users: 2, Files: 1, Report: 7, Tally: NewTally()}
		}
		if d := cmp.Diff(want, j.Progress); d != "" {
			t.Fatalf("cut at %d (-want +got):\n%s", cut, d)
		}
		if j.Done(adaID) != (want.Users >= 2) || j.Done(coraID) != (want.Users == 3) {
			t.Fatalf("cut at %d: ada %v, cora %v", cut, j.Done(adaID), j.Done(coraID))
		}
		// And it goes on from there.
		j.saves(t, Progress{Users: 9, Tally: NewTally()}, "last")
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if j := opened(t, dir, people, true); j.Users != 9 || !j.Done("last") || j.Done(adaID) != (want.Users >= 2) {
			t.Fatalf("cut at %d, and gone on: %+v", cut, j.Progress)
		}
	}
}

func TestAJournalIsOfOneImport(t *testing.T) {
	dir := t.TempDir()
	j := opened(t, dir, map[string]string{"tenant": "contoso"}, true) // there is none to go on with
	j.saves(t, Progress{Users: 1, Tally: NewTally()}, adaID)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenJournal(dir, map[string]string{"tenant": "contoso"}, false); !errors.Is(err, ErrInterrupted) {
		t.Errorf("an interrupted import is begun anew: %v", err)
	}
	if _, err := OpenJournal(dir, map[string]string{"tenant": "fabrikam"}, true); err == nil || !strings.Contains(err.Error(), "differs in tenant.") {
		t.Errorf("another import goes on: %v", err)
	}
	j = opened(t, dir, map[string]string{"tenant": "contoso"}, true)
	if err := j.End(); err != nil {
		t.Fatal(err)
	}
	if j := opened(t, dir, map[string]string{"tenant": "fabrikam"}, false); j.Done(adaID) {
		t.Error("an import that came to its end is remembered")
	}
}

func TestAFolderGoesOnBehindItsFiles(t *testing.T) {
	dir := t.TempDir()
	number, err := phone.Parse("+1 2065550100")
	if err != nil {
		t.Fatal(err)
	}
	folder := func() *Folder {
		f, err := NewFolder(dir, Style{Secrets: true})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	put := func(f *Folder, user string) {
		if err := f.Put(Phone{User: user, Type: phone.Mobile, Number: number}); err != nil {
			t.Fatal(err)
		}
	}
	f := folder()
	if _, err := NewFolder(dir, Style{}); !errors.Is(err, ErrBusy) {
		t.Errorf("two imports write into one folder: %v", err)
	}
	put(f, "ada@contoso.com")
	files, err := f.Save()
	if again, errAgain := f.Save(); files != 1 || again != 1 || err != nil || errAgain != nil {
		t.Fatalf("%d files, then %d: %v %v", files, again, err, errAgain)
	}
	put(f, "lost@contoso.com") // and then it was killed
	if _, err := f.Save(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	f = folder()
	if err := f.Resume(1); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "phones-0002.yaml")); err == nil {
		t.Error("manifests of users who are read again stay")
	}
	put(f, "ben@contoso.com")
	left, err := f.End()
	if d := cmp.Diff([]string{"phones-0001.yaml", "secrets-0001.yaml", "phones-0002.yaml", "secrets-0002.yaml"}, f.Written); d != "" || len(left) > 0 || err != nil {
		t.Errorf("left %v, %v: %s", left, err, d)
	}
	if err := os.Remove(filepath.Join(dir, "secrets-0002.yaml")); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := folder().Resume(2); err == nil {
		t.Error("an import goes on without files that it had")
	}
}

// A file of the journal's name that somebody else wrote, or that broke, is not written over.
func TestAJournalThatIsNone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, journalName)
	for _, text := range []string{"2026-11-01 bought a car\n", "import {\"a\":1}\nsaved {}\n", "import {}\nuser a\nuse\x00\x00\nsaved {}\n", "import {}\nsaved {\"users\":1\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := OpenJournal(dir, map[string]string{}, true)
		if now, _ := os.ReadFile(path); err == nil || string(now) != text {
			t.Errorf("%q: %v, and now it is %q", text, err, now)
		}
	}
	// What stands behind the last "saved" counts for nothing, whatever it is.
	if err := os.WriteFile(path, []byte("import {}\nuser ada\nsaved {\"users\":1}\n\x00\x00\nuser ben\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if j := opened(t, dir, map[string]string{}, true); !j.Done("ada") || j.Done("ben") || j.Users != 1 {
		t.Errorf("%+v", j.Progress)
	}
}
