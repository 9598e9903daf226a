package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	program = regexp.MustCompile("`([a-zA-Z0-9_./*-]+\\.(?:go|sh|yaml|golden))`")
	target  = regexp.MustCompile(`\bmake ([a-z][a-z-]*)`)
	block   = regexp.MustCompile("(?ms)^```.*?^```")
)

func TestDocumentsLeadSomewhere(t *testing.T) {
	documents, files := repository(t)
	makefile := read(t, "Makefile")
	for _, document := range documents {
		text := read(t, document)
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			path, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(path, ":") { // another site
				continue
			}
			to := document
			if path != "" {
				to = filepath.Join(filepath.Dir(document), path)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: the link %s leads nowhere", document, m[1])
			} else if anchor != "" && strings.HasSuffix(to, ".md") && !slices.Contains(anchors(read(t, to)), anchor) {
				t.Errorf("%s: the link %s leads to no heading", document, m[1])
			}
		}
		for _, m := range program.FindAllStringSubmatch(text, -1) {
			if !slices.ContainsFunc(files, func(file string) bool { return named(m[1], file) }) {
				t.Errorf("%s: there is no file %s", document, m[1])
			}
		}
		for _, m := range target.FindAllStringSubmatch(commands(text), -1) {
			if !strings.Contains(makefile, "\n"+m[1]+":") {
				t.Errorf("%s: there is no make %s", document, m[1])
			}
		}
	}
}

// repository returns the documents and all files, slash-separated.
func repository(t *testing.T) (documents, files []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if path == ".git" || path == "bin" || path == "dist" {
				return filepath.SkipDir
			}
			return nil
		}
		files = append(files, path)
		if strings.HasSuffix(path, ".md") {
			documents = append(documents, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return documents, append(files, "dist/install.yaml", "dist/phonemethod.yaml", "dist/olm-prerequisites.yaml") // make release makes these
}

// named reports whether a document means the file: by its path, the end of it, or a pattern.
func named(name, file string) bool {
	parts := strings.Split(file, "/")
	depth := strings.Count(name, "/") + 1
	if depth > len(parts) {
		return false
	}
	ok, _ := filepath.Match(name, strings.Join(parts[len(parts)-depth:], "/"))
	return ok
}

// commands returns what a document shows as code: in backticks, fenced or indented.
func commands(text string) string {
	found := block.FindAllString(text, -1)
	found = append(found, regexp.MustCompile("`[^`\n]+`").FindAllString(text, -1)...)
	found = append(found, regexp.MustCompile(`(?m)^    .*$`).FindAllString(text, -1)...)
	return strings.Join(found, "\n")
}

// anchors are those that GitHub gives the headings.
func anchors(text string) (all []string) {
	dropped := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		all = append(all, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
