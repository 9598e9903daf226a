package importing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// perFile is how many resources are in one file.
const perFile = 1000

// Folder writes manifests into files of a directory, phones-0001.yaml and so on, and Secrets beside them. A file is there
// as a whole or not at all, and one that would stay the same is left alone: an import that was interrupted is just
// repeated, and its files are the same. Close gives the directory back to other imports.
type Folder struct {
	Style
	dir             string
	lock            *os.File
	phones, secrets bytes.Buffer
	count           int      // of the phones since the last file
	files           int      // so many are written, each with its Secrets
	Written         []string // names of all files
	Changed         int      // how many of them are new or other than before
}

var ours = regexp.MustCompile(`^(phones|secrets)-\d{4,}\.yaml$`)

// unfinished are files that are not whole yet.
var unfinished = regexp.MustCompile(`^\.(phones|secrets)-\d{4,}\.yaml\.\d+$`)

// ofTenant is the first line of a file with phones of a live tenant. An import of those that follows leaves out what was
// applied, so that only this file has it.
const ofTenant = "# The phones of a live tenant: kubectl phonemethod import --from-tenant\n"

// Draft is the name of what becomes the report of an import that can be gone on with.
const Draft = "import.report.csv"

// IsOwn reports whether an import gives a file of its own this name.
func IsOwn(name string) bool {
	return name == Draft || name == journalName || name == lockName || ours.MatchString(name) || unfinished.MatchString(name)
}

// NewFolder makes the directory if it is not there, and takes it for itself: ErrBusy. What an import that was killed left
// of a file goes: it has numbers.
func NewFolder(dir string, s Style) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f := &Folder{Style: s, dir: dir}
	var err error
	if f.lock, err = lock(dir); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if err := f.removeAll(unfinished.MatchString); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Close gives the directory back.
func (f *Folder) Close() { unlock(f.lock) }

// removeAll removes the files with certain names.
func (f *Folder) removeAll(named func(string) bool) error {
	entries, err := os.ReadDir(f.dir)
	for _, e := range entries {
		if named(e.Name()) {
			err = errors.Join(err, os.Remove(filepath.Join(f.dir, e.Name())))
		}
	}
	return err
}

// HasManifests reports whether an import has written manifests here before.
func (f *Folder) HasManifests() (bool, error) {
	entries, err := os.ReadDir(f.dir)
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool { return ours.MatchString(e.Name()) }), err
}

// HasManifestsOfTenant reports whether an import of a live tenant has written manifests here before.
func (f *Folder) HasManifestsOfTenant() (bool, error) {
	entries, err := os.ReadDir(f.dir)
	for _, e := range entries {
		if err != nil || !ours.MatchString(e.Name()) {
			continue
		}
		var begins bool
		if begins, err = beginsWith(filepath.Join(f.dir, e.Name()), ofTenant); begins {
			return true, nil
		}
	}
	return false, err
}

func beginsWith(path, text string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close() //nolint:errcheck // it was read
	begins, err := io.ReadAll(io.LimitReader(file, int64(len(text))))
	return string(begins) == text, err
}

// Put adds a phone.
func (f *Folder) Put(p Phone) error {
	resource, secret := f.Manifest(p)
	if f.OfTenant && f.count == 0 {
		resource = ofTenant + resource
		if secret != "" {
			secret = ofTenant + secret
		}
	}
	f.phones.WriteString(resource)
	f.secrets.WriteString(secret)
	if f.count++; f.count == perFile {
		return f.flush()
	}
	return nil
}

// Save writes what was put since the last file, and returns how many files there are by now, each with its Secrets.
func (f *Folder) Save() (files int, err error) {
	err = f.flush()
	return f.files, err
}

// Resume goes on behind files that an interrupted import has saved. They stay; what it wrote behind them goes: whose phones
// are there is read again.
func (f *Folder) Resume(files int) error {
	for number := 1; number <= files; number++ {
		for _, kind := range []string{"phones", "secrets"} {
			name := fileName(kind, number)
			_, err := os.Stat(filepath.Join(f.dir, name))
			switch {
			case err == nil:
				f.Written = append(f.Written, name)
			case kind == "phones" || f.Secrets:
				return fmt.Errorf("%s of the interrupted import is not there any more: begin anew in another directory", name)
			}
		}
	}
	f.files = files
	return f.removeAll(func(name string) bool { return ours.MatchString(name) && !slices.Contains(f.Written, name) })
}

func fileName(kind string, number int) string { return fmt.Sprintf("%s-%04d.yaml", kind, number) }

// End writes the last file, and returns the names of those that an earlier import left and this one did not write.
func (f *Folder) End() (left []string, err error) {
	if err := f.flush(); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(f.dir)
	for _, e := range entries {
		if ours.MatchString(e.Name()) && !slices.Contains(f.Written, e.Name()) {
			left = append(left, e.Name())
		}
	}
	return left, err
}

func (f *Folder) flush() error {
	if f.count == 0 {
		return nil
	}
	for _, part := range []struct {
		kind string
		text *bytes.Buffer
	}{{"phones", &f.phones}, {"secrets", &f.secrets}} {
		if part.text.Len() == 0 {
			continue
		}
		name := fileName(part.kind, f.files+1)
		changed, err := writeWhole(filepath.Join(f.dir, name), part.text.Bytes())
		if err != nil {
			return err
		}
		f.Written = append(f.Written, name)
		if changed {
			f.Changed++
		}
		part.text.Reset()
	}
	f.count = 0
	f.files++
	return nil
}

// writeWhole never leaves half a file, and reports whether it was another one before. Numbers are for the owner only.
func writeWhole(path string, text []byte) (changed bool, err error) {
	if was, err := os.ReadFile(path); err == nil && bytes.Equal(was, text) {
		return false, nil
	}
	part, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600; see unfinished
	if err != nil {
		return false, err
	}
	_, err = part.Write(text)
	if err = errors.Join(err, part.Sync(), part.Close()); err == nil {
		err = os.Rename(part.Name(), path)
	}
	if err != nil {
		_ = os.Remove(part.Name())
	}
	return true, err
}
