package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

const sums = "SHA256SUMS"

// writeSums writes the checksums of all files, as `sha256sum --check` reads them.
func (r *release) writeSums() error {
	files, err := os.ReadDir(r.dist)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for _, f := range files {
		if f.IsDir() { // the image and the bundle, which are among the files as archives
			continue
		}
		content, err := os.ReadFile(filepath.Join(r.dist, f.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%x  %s\n", sha256.Sum256(content), f.Name())
	}
	return r.write(sums, text.Bytes())
}
