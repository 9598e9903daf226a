package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/devcluster"
)

// block is a block of commands of a document, and what the document shows of what they print.
type block struct{ commands, shows string }

var (
	fence   = regexp.MustCompile("^( *)```([^ `]*)")
	indent  = regexp.MustCompile(`^ {4,}\S`)
	inFile  = regexp.MustCompile(`^# (\S+\.yaml)\n`)
	program = regexp.MustCompile(`^(kubectl|helm|make|go|curl|git|az|terraform) `)
)

// shown are languages of which a block is nothing to be typed, unless it begins with a program. Every other block of code is, so that
// none is forgotten: fenced with another language or with none, or indented.
var shown = []string{"text", "yaml", "json", "csv", "go"}

// blocksOf returns the blocks of commands of a document, in order. There are three more ways to show one:
//
//   - of a block that begins with "$ " the lines with that are commands, and the others what these print;
//   - a text that stands right below a block is what that prints;
//   - a manifest that begins with the comment "# NAME.yaml" is the command that writes this file.
func blocksOf(document string) (all []block) {
	lines := strings.Split(document, "\n")
	end := 0 // of the last block
	for i := 0; i < len(lines); i++ {
		var language, code string
		adjoins := strings.TrimSpace(strings.Join(lines[end:i], "")) == ""
		switch m := fence.FindStringSubmatch(lines[i]); {
		case m != nil:
			language = m[2]
			for i++; i < len(lines) && lines[i] != m[1]+"```"; i++ {
				code += strings.TrimPrefix(lines[i], m[1]) + "\n"
			}
		case indent.MatchString(lines[i]) && (i == 0 || strings.TrimSpace(lines[i-1]) == ""):
			by := len(lines[i]) - len(strings.TrimLeft(lines[i], " "))
			for ; i < len(lines) && indent.MatchString(lines[i]); i++ {
				code += lines[i][min(by, len(lines[i])):] + "\n"
			}
		default:
			continue
		}
		switch file := inFile.FindStringSubmatch(code); {
		case language == "yaml" && file != nil:
			all = append(all, block{commands: "cat > " + file[1] + " <<'EOF'\n" + code + "EOF\n"})
		case strings.HasPrefix(code, "$ "):
			var b block
			for line := range strings.Lines(code) {
				if command, found := strings.CutPrefix(line, "$ "); found {
					b.commands += command
				} else {
					b.shows += line
				}
			}
			all = append(all, b)
		case !slices.Contains(shown, language), program.MatchString(code):
			all = append(all, block{commands: code})
		case language == "text" && len(all) > 0 && adjoins:
			all[len(all)-1].shows += code
		}
		end = i + 1
	}
	return all
}

func TestBlocksOf(t *testing.T) {
	const document = `Commands are fenced,

~~~sh
kubectl get pam

kubectl get pods
~~~

~~~text
NAME
~~~

and what they print stands right below.

~~~text
another text
~~~

* Indented, also in a list:

      cat <<EOF
        deeper
      EOF

  and not in the next line of
      a sentence.

~~~
without a language
~~~

~~~text title
helm list
~~~

    $ kubectl get pam -A
    NAME

   ~~~yaml
   # tenant.yaml
   kind: EntraTenant
   ~~~

~~~yaml
kind: part
~~~
`
	want := []block{
		{"kubectl get pam\n\nkubectl get pods\n", "NAME\n"},
		{"cat <<EOF\n  deeper\nEOF\n", ""},
		{"without a language\n", ""},
		{"helm list\n", ""},
		{"kubectl get pam -A\n", "NAME\n"},
		{"cat > tenant.yaml <<'EOF'\n# tenant.yaml\nkind: EntraTenant\nEOF\n", ""},
	}
	if d := cmp.Diff(want, blocksOf(strings.ReplaceAll(document, "~~~", "```")), cmp.AllowUnexported(block{})); d != "" {
		t.Error(d)
	}
}

// documented are the blocks of commands of all documents that have any.
func documented(t *testing.T) map[string][]block {
	t.Helper()
	all := map[string][]block{}
	for name, text := range documents(t) {
		if blocks := blocksOf(text); len(blocks) > 0 {
			all[name] = blocks
		}
	}
	return all
}

// documents are the texts of all documents, by name, but for AGENTS.md and ARCHITECTURE.md: what contributors find there are lists of
// programs and packages.
func documents(t *testing.T) map[string]string {
	t.Helper()
	root, err := devcluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, pattern := range []string{"[CRS]*.md", "docs/*.md", "docs/*/*.md", "charts/*/*.md", "config/*/*/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d documents, %v", pattern, len(files), err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name, err := filepath.Rel(root, file)
			if err != nil {
				t.Fatal(err)
			}
			all[filepath.ToSlash(name)] = string(text)
		}
	}
	return all
}
