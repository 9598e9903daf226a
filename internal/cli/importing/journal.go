package importing

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Progress is how far an import of a live tenant has come.
type Progress struct {
	Users   int   `json:"users"`   // done
	Without int   `json:"without"` // of them have no phone
	Files   int   `json:"files"`   // written, each with its Secrets
	Report  int64 `json:"reportBytes"`
	Tally
}

// Journal remembers which users an import of a live tenant is done with, so that it can go on where it was interrupted,
// however that was. It is a file beside the manifests, of lines:
//
//	import {"namespace":...}       what is imported
//	user <object id>               one for each user
//	saved {"users":...}            the manifests of all users above are on the disk
//
// What stands behind the last "saved" counts for nothing: those users are read again, and their manifests overwritten. It
// holds no number.
type Journal struct {
	Progress
	file *os.File
	done map[string]bool
	end  int64  // of the last "saved"
	next []byte // lines since then
}

// journalName is no name that kubectl apply takes for a manifest.
const journalName = "import.journal"

// ErrInterrupted is the error of an import into a directory where another one came to no end.
var ErrInterrupted = errors.New("an import was interrupted in this directory")

// HasJournal reports whether an import came to no end in a directory.
func HasJournal(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, journalName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// OpenJournal begins an import into a directory, or goes on with one of the same that was interrupted. what names all that
// the manifests depend on, each by a word for people.
func OpenJournal(dir string, what map[string]string, resume bool) (_ *Journal, err error) {
	path := filepath.Join(dir, journalName)
	if there, err := HasJournal(dir); err == nil && there && !resume {
		return nil, ErrInterrupted
	}
	j := &Journal{Progress: Progress{Tally: NewTally()}, done: map[string]bool{}}
	if j.file, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = j.file.Close()
		}
	}()
	begun, err := j.read()
	if err != nil {
		return nil, fmt.Errorf("%s is damaged, or was never one: remove it, and begin anew in another directory: %w", path, err)
	}
	if j.end == 0 {
		text, err := json.Marshal(what)
		if err != nil {
			return nil, err
		}
		j.next = fmt.Appendf(nil, "import %s\n", text)
	} else if other := differences(begun, what); len(other) > 0 {
		return nil, fmt.Errorf("the interrupted import was another one: it differs in %s. Say the same as then to go on with it, or begin anew in another directory",
			strings.Join(other, ", "))
	}
	return j, j.file.Truncate(j.end)
}

// differences are the keys that have not the same value in both.
func differences(a, b map[string]string) (keys []string) {
	all := maps.Clone(a)
	maps.Copy(all, b)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if a[key] != b[key] {
			keys = append(keys, key)
		}
	}
	return keys
}

// read reads up to the last "saved", and returns what is imported: nil if nothing was saved yet.
func (j *Journal) read() (begun map[string]string, err error) {
	var at int64
	var users []string
	var odd error // counts only if it stands before a "saved"
	what := map[string]string{}
	for lines := bufio.NewReader(j.file); ; {
		line, err := lines.ReadString('\n')
		if err == io.EOF { // a line without an end is none
			if j.end == 0 && odd != nil {
				return nil, odd
			}
			return begun, nil
		}
		if err != nil {
			return nil, err
		}
		at += int64(len(line))
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch word {
		case "import":
			odd = errors.Join(odd, json.Unmarshal([]byte(rest), &what))
		case "user":
			users = append(users, rest)
		case "saved":
			p := Progress{Tally: NewTally()}
			if err := errors.Join(odd, json.Unmarshal([]byte(rest), &p)); err != nil {
				return nil, err
			}
			for _, id := range users {
				j.done[id] = true
			}
			j.Progress, users, begun, j.end = p, users[:0], what, at
		default:
			odd = errNoLine
		}
	}
}

var errNoLine = errors.New("it has a line of another kind")

// Done reports whether a user is among those that were saved.
func (j *Journal) Done(userID string) bool { return j.done[userID] }

// Add notes a user whose manifests were put.
func (j *Journal) Add(userID string) { j.next = fmt.Appendf(j.next, "user %s\n", userID) }

// Save notes that the manifests of all users so far are on the disk. After an error it may be called again: of what was
// written in vain nothing stays.
func (j *Journal) Save(p Progress) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	lines := fmt.Appendf(slices.Clip(j.next), "saved %s\n", text)
	if err := j.file.Truncate(j.end); err != nil {
		return err
	}
	if _, err = j.file.WriteAt(lines, j.end); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.Progress, j.next = p, nil
	j.end += int64(len(lines))
	return nil
}

// End removes the journal of an import that has come to its end.
func (j *Journal) End() error { return errors.Join(j.file.Close(), os.Remove(j.file.Name())) }

// Close leaves the journal for who goes on.
func (j *Journal) Close() error { return j.file.Close() }
