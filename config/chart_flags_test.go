package config_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/entraops/phone-operator/internal/testing/install"
)

// left are the flags that the chart has no value for, and why. extraArgs takes each of them.
var left = map[string]string{
	"kubeconfig":                "a pod has its ServiceAccount",
	"leader-election-id":        "follows from the tenant selector",
	"leader-election-namespace": "the pod's own; another needs a Role there",
	"metrics-secure":            "metrics without HTTPS are for development",
	"pprof-bind-address":        "for the hour in which somebody looks",
	"version":                   "prints and ends",
	"webhook-namespace":         "the pod's own, where the chart puts the Service",
	"webhook-port":              "the Service leads to it",
	"zap-devel":                 "for development",
	"zap-encoder":               "JSON is what collectors of logs read",
	"zap-stacktrace-level":      "for development",
	"zap-time-encoding":         "RFC 3339 is what people and collectors read",
}

// A new flag gets a value in the chart, or a reason why not; and docs/operations.md has it.
func TestTheChartKnowsEachFlag(t *testing.T) {
	dir := t.TempDir()
	if err := install.Build(t.Context(), dir, "."); err != nil {
		t.Fatal(err)
	}
	usage, _ := exec.CommandContext(t.Context(), filepath.Join(dir, "phone-operator"), "-help").CombinedOutput()
	flags := found(`(?m)^  -([a-z-]+)`, string(usage))
	page, err := os.ReadFile(filepath.Join("..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	templates, err := filepath.Glob(filepath.Join("..", install.Chart, "templates", "*"))
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]bool{}
	for _, file := range templates {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(given, found(`--([a-z]+(?:-[a-z]+)+)\b`, string(text)))
	}
	for name := range given {
		_, err := helm(t, "template", install.Release, install.Chart, "--set", "extraArgs={--"+name+"=x}")
		if err == nil || !strings.Contains(err.Error(), "extraArgs: the chart gives --"+name) {
			t.Errorf("extraArgs has --%s: %v", name, err)
		}
	}
	for name := range flags {
		if !strings.Contains(string(page), "`--"+name+"`") {
			t.Errorf("docs/operations.md does not have --%s", name)
		}
		if given[name] == (left[name] != "") {
			t.Errorf("--%s: the chart gives it: %t, and there is a reason not to: %q", name, given[name], left[name])
		}
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(given)), slices.Collect(maps.Keys(left))) {
		if !flags[name] {
			t.Errorf("there is no flag --%s", name)
		}
	}
}

// found is what the first group of an expression finds in a text.
func found(expression, text string) map[string]bool {
	all := map[string]bool{}
	for _, m := range regexp.MustCompile(expression).FindAllStringSubmatch(text, -1) {
		all[m[1]] = true
	}
	return all
}
