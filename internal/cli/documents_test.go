package cli

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

var (
	typed   = regexp.MustCompile("(?m)kubectl phonemethod ([a-z][^`|\n]*)")
	fenced  = regexp.MustCompile("(?ms)^```(?:console|yaml)\n(.*?)^```")
	hereDoc = regexp.MustCompile("(?ms)<<'EOF'\n(.*?)^EOF$")
)

// TestDocumentedCommandsExist parses every command of this plugin that a document shows: its name and flags are there.
func TestDocumentedCommandsExist(t *testing.T) {
	documents, err := filepath.Glob("../../docs/*.md")
	must(t, err)
	found := 0
	for _, document := range append(documents, "../../README.md", "../../CHANGELOG.md") {
		text, err := os.ReadFile(document)
		must(t, err)
		for _, m := range typed.FindAllStringSubmatch(string(text), -1) {
			found++
			args := strings.Fields(strings.ReplaceAll(m[1], `"`, ""))
			cmd, rest, err := New(genericiooptions.NewTestIOStreamsDiscard()).Find(args)
			switch {
			case err != nil:
			case cmd.Name() != args[0]:
				err = errors.New("there is no such command")
			default:
				err = cmd.ParseFlags(rest)
			}
			if err != nil {
				t.Errorf("%s: %s: %v", document, m[1], err)
			}
		}
	}
	if found < 10 {
		t.Errorf("%d commands were found", found)
	}
}

func TestAnUnknownCommandIsAnError(t *testing.T) {
	if _, _, err := offline(t, "nonsense"); err == nil {
		t.Error("whoever mistypes a command in a script is not told")
	}
}

// TestTheDocumentedImport types the import of docs/kubectl-plugin.md, and compares what it prints and writes.
func TestTheDocumentedImport(t *testing.T) {
	text, err := os.ReadFile("../../docs/kubectl-plugin.md")
	must(t, err)
	_, text2, found := strings.Cut(string(text), "\n## Import\n")
	file, blocks := hereDoc.FindStringSubmatch(text2), fenced.FindAllStringSubmatch(text2, -1)
	if !found || file == nil || len(blocks) < 2 {
		t.Fatal("the page has no table, output and manifest")
	}
	table, said, manifest := file[1], blocks[0][1], blocks[1][1]
	t.Chdir(t.TempDir())
	must(t, os.WriteFile("hr.csv", []byte(table), 0o600))
	command, want, _ := strings.Cut(said, "\n")
	args, found := strings.CutPrefix(command, "$ kubectl phonemethod ")
	if !found {
		t.Fatalf("the command is %q", command)
	}
	got, _, err := offline(t, strings.Fields(args)...)
	must(t, err)
	if diff := cmp.Diff(trimmed(want), trimmed(got)); diff != "" {
		t.Errorf("what is printed (-document +real):\n%s", diff)
	}
	written, err := os.ReadFile("people/phones-0001.yaml")
	must(t, err)
	if !strings.HasPrefix(string(written), manifest) {
		t.Errorf("what is written begins otherwise:\n%s", written)
	}
}

// trimmed is text without white space at the end of its lines.
func trimmed(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
