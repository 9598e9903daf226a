package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The linker says nothing about a -X that names no variable, so the image's flags are tried on the real program.
func TestTheImageKnowsItsVersion(t *testing.T) {
	dockerfile, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	flags := regexp.MustCompile(`-ldflags="([^"]*)"`).FindSubmatch(dockerfile)
	if flags == nil {
		t.Fatal("the Dockerfile gives the linker no flags")
	}
	program := filepath.Join(t.TempDir(), "manager")
	build := exec.Command("go", "build", "-buildvcs=false", "-ldflags", strings.ReplaceAll(string(flags[1]), "${VERSION}", "v1.2.3"), "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	printed, err := exec.Command(program, "--version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(printed), "phone-operator v1.2.3 ") {
		t.Errorf("--version: %v\n%s", err, printed)
	}
	// Without a cluster: what is logged before anything can fail.
	start := exec.Command(program, "--zap-encoder=console")
	start.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(t.TempDir(), "none"))
	logged, err := start.CombinedOutput()
	first, _, _ := strings.Cut(string(logged), "\n")
	if err == nil || !strings.Contains(first, `{"version": "v1.2.3"}`) {
		t.Errorf("the first line of the log does not tell the version: %v\n%s", err, logged)
	}
}
