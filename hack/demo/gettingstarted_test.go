package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/entraops/phone-operator/internal/devcluster"
)

// Whoever follows docs/getting-started.md types what is in it: so does this test, line by line, beside what make run left running.
func TestGettingStarted(t *testing.T) {
	needKubectl(t)
	readSources(t)
	ownTemp(t)
	root, err := devcluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "getting-started.md"))
	if err != nil {
		t.Fatal(err)
	}
	steps := typed(string(page))
	if len(steps) < 10 || steps[0].commands != "make run\n" {
		t.Fatalf("the page has %d blocks of commands, and the first is %q", len(steps), steps[0].commands)
	}
	kept := keepRunning(t)
	shown, err := follow(t, root, kept.exports, steps[1:])
	if err != nil {
		t.Errorf("the commands stopped after %d blocks: %v", len(shown), err)
	}
	for i, output := range shown {
		for line := range strings.Lines(steps[i+1].shows) {
			if !strings.Contains(squeezed(output), squeezed(line)) {
				t.Errorf("after\n%s\nthe page shows %q, and the terminal\n%s", steps[i+1].commands, strings.TrimSpace(line), output)
			}
		}
	}
	kept.stop(t)
}

// block is a block of commands of a page, and what the page shows right after it.
type block struct{ commands, shows string }

// typed are the blocks of commands, in order.
func typed(page string) (steps []block) {
	for _, m := range regexp.MustCompile("(?ms)^```(sh|text)\n(.*?)^```").FindAllStringSubmatch(page, -1) {
		if m[1] == "sh" {
			steps = append(steps, block{commands: m[2]})
		} else if len(steps) > 0 {
			steps[len(steps)-1].shows += m[2]
		}
	}
	return steps
}

// follow types the commands into one shell, as one person would, and returns what each block printed, up to the one that failed.
func follow(t *testing.T, root string, exports []string, steps []block) ([]string, error) {
	t.Helper()
	const mark = "-- the next block --"
	script := "set -euo pipefail\nexport GOFLAGS=-buildvcs=false\n" + strings.Join(exports, "\n") + "\n"
	for _, s := range steps {
		script += s.commands + fmt.Sprintf("echo '%s'\n", mark)
	}
	shell := exec.CommandContext(t.Context(), "bash", "-c", script)
	shell.Dir = root
	var stdout, stderr bytes.Buffer
	shell.Stdout, shell.Stderr = &stdout, &stderr
	err := shell.Run()
	if err != nil {
		err = fmt.Errorf("%w\n%s\n%s", err, stdout.String(), stderr.String())
	}
	shown := strings.Split(stdout.String(), mark+"\n")
	return shown[:len(shown)-1], err
}

// squeezed has one space where there are several: how wide a column is depends on what else is in it.
func squeezed(text string) string { return strings.Join(strings.Fields(text), " ") }
