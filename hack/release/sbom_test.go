package main

import (
	"os"
	"path/filepath"
	"testing"
)

// The program of this test is one whose modules are known.
func TestTheSBOMListsWhatIsInAProgram(t *testing.T) {
	r, programs := pretend(t, "")
	self, err := os.Executable()
	must(t, err)
	programs[0].path, programs[1].path = self, self
	must(t, r.writeSBOM("name", programs, rootsModule))
	checkSBOM(t, filepath.Join(r.dist, "name_v1.2.3.cdx.json"),
		[]string{"pkg:golang/std@1.", "pkg:golang/github.com/google/go-containerregistry@v", "pkg:golang/" + rootsModule + "@v"})
	if err := r.writeSBOM("name", programs, "example.com/elsewhere"); err == nil {
		t.Error("what this program was built without is listed")
	}
}
