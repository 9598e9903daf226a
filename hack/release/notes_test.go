package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const changes = `# Changelog

## [Unreleased]

* Later.

## [1.2.3] - 2026-11-27

### Added

* A thing ([how](docs/thing.md#use), [where](https://example.com/x), [above](#added)).

## [1.2.2] - 2026-11-26

## [1.2.1] - 2026-11-25

* The first.

[Unreleased]: https://example.com/commits/main
[1.2.1]: https://example.com/v1.2.1
`

func TestNotes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "CHANGELOG.md")
	must(t, os.WriteFile(file, []byte(changes), 0o600))
	for version, c := range map[string]struct{ want, err string }{
		"v1.2.3": {want: "### Added\n\n* A thing ([how](https://github.com/entraops/phone-operator/blob/v1.2.3/docs/thing.md#use), " +
			"[where](https://example.com/x), [above](#added)).\n"},
		"v1.2.1": {want: "* The first.\n"},
		"v1.2.2": {err: "the section for v1.2.2 in " + file + " is empty"},
		"v1.2.4": {err: file + ` has no section for v1.2.4: one begins with "## [1.2.4] - `},
		"v1x2.3": {err: "has no section"}, // the dots are dots
	} {
		r := release{version: version, changelog: file}
		notes, err := r.notes()
		if string(notes) != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %q, %v; want %q, %s", version, notes, err, c.want, c.err)
		}
	}
}

func TestVersions(t *testing.T) {
	for version, ok := range map[string]bool{
		"v0.1.0": true, "v1.2.3-rc.1": true,
		"": false, "0.1.0": false, "v1": false, "v1.2": false, "v1.2.3+build": false, "v01.2.3": false, "latest": false,
	} {
		if err := checkVersion(version); (err == nil) != ok {
			t.Errorf("%q: %v", version, err)
		}
	}
}
