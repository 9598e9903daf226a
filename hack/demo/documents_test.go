package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// Whoever follows these pages types what is in them, one after the other: so does this test, beside what make run left running, and
// it compares what the pages show. make run is used with what it prints, and ends without a trace when it is told to, wherever it was led.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	needKubectl(t)
	needPrograms(t)
	readSources(t)
	files := t.TempDir()
	kept := keepRunning(t, files)
	defer empty(t, files)
	defer kept.stop(t)
	bin := t.TempDir()
	if err := install.Build(t.Context(), bin, "./cmd/kubectl-phonemethod"); err != nil {
		t.Fatal(err)
	}
	exports := append(kept.exports, "export PATH=$HOME/.local/bin:"+bin+":$PATH")
	followAll(t, besideMakeRun, exports)
	end := exec.CommandContext(t.Context(), "bash", "-c", prelude+strings.Join(exports, "\n")+"\n"+anew+"kubectl delete namespace people --timeout=60s")
	end.Dir = filepath.Join("..", "..")
	if out, err := end.CombinedOutput(); err != nil {
		t.Errorf("a namespace with phones does not go: %v\n%s", err, out)
	}
}

// So it does with those that install and uninstall, in a cluster that has nothing yet.
func TestDocumentedInstallation(t *testing.T) {
	t.Parallel()
	kubectl := needKubectl(t)
	needPrograms(t)
	readSources(t)
	cluster, err := devcluster.Start(devcluster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	}()
	if err := cluster.StartNamespaceController(); err != nil {
		t.Fatal(err)
	}
	text, err := devcluster.Kubeconfig(cluster.Config())
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, text, 0o600); err != nil {
		t.Fatal(err)
	}
	followAll(t, inAnEmptyCluster, []string{"export KUBECONFIG=" + kubeconfig, "export PATH=" + filepath.Dir(kubectl) + ":$PATH"})
}

// Whoever adds commands to a document has them typed, or says in the table why that cannot be.
func TestEveryCommandOfTheDocumentsIsTyped(t *testing.T) {
	all := documented(t)
	if len(all) < 10 {
		t.Errorf("%d documents have commands", len(all))
	}
	for document, blocks := range all {
		for _, b := range blocks {
			var how []string
			for _, p := range slices.Concat(besideMakeRun, inAnEmptyCluster) {
				if p.types(document, b) {
					how = append(how, "typed")
				}
			}
			for begin := range untyped[document] {
				if strings.HasPrefix(b.commands, begin) {
					how = append(how, "not typed: "+untyped[document][begin])
				}
			}
			if len(how) != 1 {
				t.Errorf("%s: this is neither typed nor excepted, or more than one of these (%q):\n%s", document, how, b.commands)
			}
		}
	}
	for document, excepted := range untyped {
		for begin, why := range excepted {
			if name := regexp.MustCompile(`Test\w+`).FindString(why); name != "" && !isTest(t, name) {
				t.Errorf("%s: there is no %s", document, name)
			}
			if !slices.ContainsFunc(all[document], func(b block) bool { return strings.HasPrefix(b.commands, begin) }) {
				t.Errorf("%s has no block that begins with %q", document, begin)
			}
		}
	}
}

// What a sentence mentions is not typed, but it exists, with its flags. (Those of the plugin are tested with it.)
func TestMentionedCommandsExist(t *testing.T) {
	kubectl := needKubectl(t)
	all := map[string]string{} // to a document that has it
	for document, text := range documents(t) {
		for _, m := range mentioned.FindAllStringSubmatch(text, -1) {
			if command := strings.Join(strings.Fields(m[1]), " "); !strings.Contains(command, " phonemethod") && !strings.Contains(command, " krew") {
				all[command] = document
			}
		}
	}
	if len(all) < 20 {
		t.Errorf("%d commands are mentioned", len(all))
	}
	script := prelude + "export PATH=" + filepath.Dir(kubectl) + ":$PATH\n"
	for command, document := range all {
		script += fmt.Sprintf("%s --help > /dev/null || echo '%s: %s'\n", command, document, command)
	}
	shell := exec.CommandContext(t.Context(), "bash", "-c", script)
	shell.Dir = filepath.Join("..", "..")
	shell.Stderr = t.Output() // why not, and what Go downloads to build Helm
	if out, err := shell.Output(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// mentioned is a command of kubectl or Helm in a sentence.
var mentioned = regexp.MustCompile("`((?:kubectl|helm) [^`|<]+)[`|]")

// isTest reports whether the repository has a test of that name.
func isTest(t *testing.T, name string) bool {
	t.Helper()
	return exec.CommandContext(t.Context(), "grep", "-rq", "--include=*_test.go", "^func "+name+"(", "../..").Run() == nil
}

// types reports whether a block of a document is typed here.
func (p page) types(document string, b block) bool {
	begins := func(begin string) bool { return strings.HasPrefix(b.commands, begin) }
	switch {
	case document != p.document:
		return false
	case p.only != nil:
		return slices.ContainsFunc(p.only, begins)
	}
	for begin := range untyped[document] {
		if begins(begin) {
			return false
		}
	}
	return !slices.ContainsFunc(inAnEmptyCluster, func(other page) bool { return other.only != nil && other.types(document, b) })
}

// followAll follows pages, each in a copy of the repository and as somebody with an empty home.
func followAll(t *testing.T, pages []page, exports []string) {
	t.Helper()
	goEnv, err := exec.CommandContext(t.Context(), "go", "env", "GOENV", "GOPATH", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"GOENV", "GOPATH", "GOCACHE", "GOMODCACHE"} {
		exports = append(exports, "export "+name+"="+strings.Split(string(goEnv), "\n")[i])
	}
	all, clone := documented(t), t.TempDir()
	for _, p := range pages {
		passed := t.Run(p.document, func(t *testing.T) {
			blocks := slices.DeleteFunc(all[p.document], func(b block) bool { return !p.types(p.document, b) })
			prepared := slices.Clone(blocks)
			for part, command := range p.before {
				i := len(blocks) - 1
				for i >= 0 && !strings.Contains(blocks[i].commands, part) {
					i--
				}
				if i < 0 {
					t.Fatalf("the page has no %q", part)
				}
				prepared[i].commands = command + "\n" + prepared[i].commands
			}
			prepared[0].commands = p.first + "\n" + prepared[0].commands
			copyRepository(t, clone)
			follow(t, clone, append([]string{"export HOME=" + t.TempDir()}, exports...), prepared)
		})
		if !passed {
			return // the next page goes on where this one ended
		}
	}
}

// copyRepository makes dir a copy of the repository, in which files may be left behind.
func copyRepository(t *testing.T, dir string) {
	t.Helper()
	root, err := devcluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := filepath.Glob(filepath.Join(root, "*"))
	if err != nil {
		t.Fatal(err)
	}
	entries = slices.DeleteFunc(entries, func(entry string) bool {
		return slices.Contains([]string{".git", "bin", "dist"}, filepath.Base(entry))
	})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "cp", slices.Concat([]string{"-R"}, entries, []string{dir})...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// needPrograms are those that the pages use.
func needPrograms(t *testing.T) {
	t.Helper()
	for _, program := range []string{"bash", "curl", "jq", "openssl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the pages use %s, and there is none in the PATH", program)
		}
	}
}

// prelude makes a shell that stops at the first failure. That plan and doctor have something to say (2) is none. Go builds as for a
// release, which is the same in every directory: it is in the build cache.
const prelude = `set -euo pipefail
go() { CGO_ENABLED=0 GOFLAGS="-buildvcs=false -trimpath" command go "$@"; }
kubectl() { command kubectl "$@" || { rc=$?; [[ $rc = 2 && " $* " =~ " phonemethod "(plan|doctor)" " ]] || return $rc; }; }
helm() { command go tool -modfile=hack/tools/helm/go.mod helm "$@"; }
`

// filledIn are the words that a reader replaces.
var filledIn = strings.NewReplacer("<registry>", "registry.example.com", "<tag>", "v0.0.1")

// follow types the blocks into one shell, as one person would who says yes when asked, and compares what each printed with what the
// page shows.
func follow(t *testing.T, dir string, exports []string, blocks []block) {
	t.Helper()
	const mark = "-- the next block --"
	script := prelude + strings.Join(exports, "\n") + "\n"
	for _, b := range blocks {
		script += filledIn.Replace(b.commands) + fmt.Sprintf("echo '%s'\n", mark)
	}
	shell := exec.CommandContext(t.Context(), "bash", "-c", script)
	shell.Dir, shell.Stdin = dir, strings.NewReader(strings.Repeat("yes\n", 100))
	var printed bytes.Buffer
	shell.Stdout, shell.Stderr = &printed, &printed
	err := shell.Run()
	typed := strings.ReplaceAll(printed.String(), "Type yes: ", "Type yes: yes\n") // a terminal shows that, too
	texts := strings.Split(typed, mark+"\n")
	if done := len(texts) - 1; err != nil {
		t.Errorf("this failed: %v\n%s\n%s", err, blocks[min(done, len(blocks)-1)].commands, texts[done])
	}
	for i, b := range blocks[:len(texts)-1] {
		var missing []string
		for line := range strings.Lines(b.shows) {
			if !strings.Contains(plain(texts[i]), plain(line)) {
				missing = append(missing, line)
			}
		}
		if missing != nil {
			t.Errorf("after\n%s\nthe page shows %q, and the terminal\n%s", b.commands, missing, texts[i])
		}
	}
}

var changing = regexp.MustCompile(`(\d+(d|h|m|s|ms))+\b|\d+/min\b`)

// plain is a text without what is another one each time: ages and paces, and the width of a column, which depends on what else is in
// it. The page may leave out the end of a line.
func plain(text string) string {
	text = strings.TrimSuffix(strings.TrimSpace(text), "...")
	return changing.ReplaceAllString(strings.Join(strings.Fields(text), " "), "N")
}
