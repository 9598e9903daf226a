package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// docs/security.md names for each attack the test that tries it, and leaves none of these tests out. Those of works_*.go
// are of what the operator does for people who mean well.
func TestTheThreatModelNamesItsTests(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "security.md"))
	must(t, err)
	var named []string
	for _, m := range regexp.MustCompile("`(Test\\w+)`").FindAllSubmatch(page, -1) {
		named = append(named, string(m[1]))
	}
	written, works := testsIn(t, "*_test.go"), testsIn(t, "works_*_test.go")
	known := slices.Concat(written, testsIn(t, filepath.Join("..", "..", "controllers", "*", "*_test.go")))
	for _, name := range named {
		if !slices.Contains(known, name) {
			t.Errorf("%s is on the page and not written", name)
		}
	}
	for _, name := range written {
		if !slices.Contains(named, name) && !slices.Contains(slices.Concat(ofTheTests, works), name) {
			t.Errorf("%s is not on the page", name)
		}
	}
}

// testsIn are the names of the tests in some files.
func testsIn(t *testing.T, pattern string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(text, -1) {
			names = append(names, string(m[1]))
		}
	}
	return names
}

// ofTheTests are tests of the tests, and what is no attack.
var ofTheTests = []string{"TestMain", "TestTheThreatModelNamesItsTests", "TestTheSearchFindsANumberInAnyWriting", "TestPrivilegedUsersAllowed"}
