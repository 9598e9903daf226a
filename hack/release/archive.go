package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// entry is a file of an archive, or a directory if its name ends in a slash. Nothing else of a file gets into an archive:
// no owner, no time, and not the permissions that it has here.
type entry struct {
	name string
	mode int64
	text []byte
}

// packed is a tar of the entries in their order, all of one time and of root.
func packed(date time.Time, entries []entry) ([]byte, error) {
	var to bytes.Buffer
	w := tar.NewWriter(&to)
	for _, e := range entries {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: e.name, Mode: e.mode, Size: int64(len(e.text)), ModTime: date, Format: tar.FormatUSTAR}
		if strings.HasSuffix(e.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.text); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return to.Bytes(), err
}

// compressed is packed, with gzip.
func compressed(date time.Time, entries []entry) ([]byte, error) {
	text, err := packed(date, entries)
	if err != nil {
		return nil, err
	}
	var to bytes.Buffer
	w, err := gzip.NewWriterLevel(&to, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err = w.Close()
	return to.Bytes(), err
}

// zipped is a zip of the entries, for who has no tar.
func zipped(date time.Time, entries []entry) ([]byte, error) {
	var to bytes.Buffer
	w := zip.NewWriter(&to)
	w.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) { return flate.NewWriter(to, flate.BestCompression) })
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: date}
		h.SetMode(fs.FileMode(e.mode))
		file, err := w.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := file.Write(e.text); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return to.Bytes(), err
}

// tree reads the files and directories below dir, in the order of their names.
func tree(dir string) (entries []entry, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if name = filepath.ToSlash(name); d.IsDir() {
			entries = append(entries, entry{name: name + "/", mode: 0o755})
			return nil
		}
		text, err := os.ReadFile(path)
		entries = append(entries, entry{name, 0o644, text})
		return err
	})
	return entries, err
}
