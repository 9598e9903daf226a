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
	"github.com/entraops/phone-operator/internal/testing/install"
)

// Whoever follows these pages types what is in them, one after the other: so does this test, beside what make run left running, and it
// compares what the pages show. What has to be there before a block, or has happened since, is said here.
func TestDocumentedCommands(t *testing.T) {
	needKubectl(t)
	readSources(t)
	ownTemp(t)
	root, err := devcluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	pages := []struct {
		name   string
		first  int               // the block to begin with
		needs  string            // a program that not every machine has
		before map[string]string // by a part of the block
	}{
		{name: "getting-started", first: 1}, // after make run
		{name: "bring-in"},
		{name: "day-two", needs: "jq", before: map[string]string{
			// Entra gave a new secret, the same one here.
			"--from-file=clientSecret": "kubectl -n phone-operator-system get secret graph -o jsonpath={.data.clientSecret} | base64 -d > clientSecret",
			// The cluster was lost. The phones were not.
			"select(.kind == \"EntraTenant\")": "kubectl phonemethod release -A --all --yes && kubectl delete entratenant default",
		}},
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("the pages look into the emulator with curl, and there is none in the PATH")
	}
	kept := keepRunning(t)
	defer kept.stop(t)
	bin := t.TempDir()
	if err := install.Build(t.Context(), bin, "./cmd/kubectl-phonemethod"); err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		passed := t.Run(page.name, func(t *testing.T) {
			if _, err := exec.LookPath(page.needs); page.needs != "" && err != nil {
				t.Skipf("the page uses %s, and there is none in the PATH", page.needs)
			}
			text, err := os.ReadFile(filepath.Join(root, "docs", page.name+".md"))
			if err != nil {
				t.Fatal(err)
			}
			blocks := typed(string(text))
			if len(blocks) < 4 {
				t.Fatalf("the page has %d blocks of commands", len(blocks))
			}
			for part, command := range page.before {
				for i := range blocks {
					if strings.Contains(blocks[i].commands, part) {
						blocks[i].commands = command + "\n" + blocks[i].commands
					}
				}
			}
			dir := root // where the first page builds the plugin
			if page.first == 0 {
				dir = t.TempDir()
			}
			follow(t, dir, append(kept.exports, "export PATH="+bin+":$PATH"), blocks[page.first:])
		})
		if !passed {
			return // the next page goes on where this one ended
		}
	}
}

// block is a block of commands of a page, and what the page shows right after it.
type block struct{ commands, shows string }

// typed are the blocks of commands, in order.
func typed(page string) (blocks []block) {
	for _, m := range regexp.MustCompile("(?ms)^```(sh|text)\n(.*?)^```").FindAllStringSubmatch(page, -1) {
		if m[1] == "sh" {
			blocks = append(blocks, block{commands: m[2]})
		} else if len(blocks) > 0 {
			blocks[len(blocks)-1].shows += m[2]
		}
	}
	return blocks
}

// prelude makes a shell that stops at the first failure. That plan and doctor have something to say (2) is none.
const prelude = `set -euo pipefail
export GOFLAGS=-buildvcs=false
kubectl() { command kubectl "$@" || { rc=$?; [[ $rc = 2 && " $* " =~ " phonemethod "(plan|doctor)" " ]] || return $rc; }; }
`

// follow types the blocks into one shell, as one person would, and compares what each printed with what the page shows.
func follow(t *testing.T, dir string, exports []string, blocks []block) {
	t.Helper()
	const mark = "-- the next block --"
	script := prelude + strings.Join(exports, "\n") + "\n"
	for _, b := range blocks {
		script += b.commands + fmt.Sprintf("echo '%s'\n", mark)
	}
	shell := exec.CommandContext(t.Context(), "bash", "-c", script)
	shell.Dir = dir
	var stdout, stderr bytes.Buffer
	shell.Stdout, shell.Stderr = &stdout, &stderr
	err := shell.Run()
	shown := strings.Split(stdout.String(), mark+"\n")
	if done := len(shown) - 1; err != nil {
		t.Errorf("this failed: %v\n%s\n%s\n%s", err, blocks[min(done, len(blocks)-1)].commands, shown[done], stderr.String())
	}
	for i, b := range blocks[:len(shown)-1] {
		for line := range strings.Lines(b.shows) {
			if !strings.Contains(squeezed(shown[i]), squeezed(line)) {
				t.Errorf("after\n%s\nthe page shows %q, and the terminal\n%s", b.commands, strings.TrimSpace(line), shown[i])
			}
		}
	}
}

// squeezed has one space where there are several: how wide a column is depends on what else is in it.
func squeezed(text string) string { return strings.Join(strings.Fields(text), " ") }
