package main

import (
	"regexp"
	"strings"
	"testing"
)

// Whoever reads the page must not look elsewhere: each field says in words what it is.
func TestEveryFieldSaysWhatItIs(t *testing.T) {
	text, err := page("../../config/crd/bases")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (.*?) \\| (.*) \\|$").FindAllStringSubmatch(text, -1)
	if len(rows) < 50 {
		t.Fatalf("%d fields were found", len(rows))
	}
	for _, row := range rows {
		if about := strings.TrimPrefix(row[3], "**Required.** "); about == "" || strings.HasPrefix(about, " (") || row[2] == "" {
			t.Errorf("%s: %s", row[1], row[0])
		}
	}
}
