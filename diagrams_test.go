package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	drawnReason  = regexp.MustCompile(`(?m)^  (\w+): \{class: \[(\w+); reason\]\}$`)
	saidOfMethod = regexp.MustCompile(`v1alpha1\.(Reason\w+)`)
	drawnStage   = regexp.MustCompile(`(?m)\{(?:class: \[\w+; cell\]\})? # (.+)$`)
	inBackticks  = regexp.MustCompile("`(\\w+)`")
)

// What is True is no station on the way: these are the reasons of Accepted and Synced once the resource is Ready.
var notDrawn = []string{"Accepted", "Synced"}

// Every reason that a PhoneAuthenticationMethod can have is in one of its two diagrams, and nothing else is.
func TestDiagramsHaveEveryReasonOfAMethod(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "api/v1alpha1/conditions.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	values := constants(file)
	said := map[string]bool{}
	sentences, err := filepath.Glob("internal/conditions/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range sentences {
		for _, m := range saidOfMethod.FindAllStringSubmatch(read(t, path), -1) {
			said[values[m[1]]] = true
		}
	}
	if len(said) < 20 {
		t.Errorf("internal/conditions says %d reasons", len(said))
	}
	drawn := map[string]bool{"Ready": strings.Contains(read(t, "docs/diagrams/method.d2"), `end: "Ready"`)}
	for _, reason := range notDrawn {
		drawn[reason] = true
	}
	for _, path := range []string{"docs/diagrams/method.d2", "docs/diagrams/method-deletion.d2"} {
		for _, m := range drawnReason.FindAllStringSubmatch(read(t, path), -1) {
			drawn[m[1]] = true
		}
	}
	delete(drawn, "gone")
	if diff := cmp.Diff(said, drawn); diff != "" {
		t.Errorf("reasons said (-) and drawn (+):\n%s", diff)
	}
}

// The colour of a reason is what the page says of Stalled and Reconciling.
func TestDiagramsColourReasonsAsTheirPageSays(t *testing.T) {
	page := strings.Join(strings.Fields(read(t, "docs/phoneauthenticationmethod.md")), " ")
	_, text, begins := strings.Cut(page, "These reasons are Stalled: ")
	text, _, ends := strings.Cut(text, " more than two minutes after the resource was created.")
	always, later, both := strings.Cut(text, ", and ")
	if !begins || !ends || !both {
		t.Fatal("docs/phoneauthenticationmethod.md no longer lists the reasons that are Stalled")
	}
	want := map[string]string{"Suspended": "neutral"}
	for _, m := range inBackticks.FindAllStringSubmatch(always, -1) {
		want[m[1]] = "stalls"
	}
	for _, m := range inBackticks.FindAllStringSubmatch(later, -1) {
		want[m[1]] = "both"
	}
	for _, m := range drawnReason.FindAllStringSubmatch(read(t, "docs/diagrams/method.d2"), -1) {
		colour := want[m[1]]
		if colour == "" {
			colour = "waits"
		}
		if m[2] != colour {
			t.Errorf("%s is drawn as %q and not as %q", m[1], m[2], colour)
		}
	}
}

// The stages are the functions that a reconcile goes through, in their order.
func TestTheDiagramOfAReconcileHasItsStages(t *testing.T) {
	declared := map[string]*ast.FuncDecl{}
	sources, err := filepath.Glob("controllers/phonemethod/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range sources {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				declared[f.Name.Name] = f
			}
		}
	}
	var drawn []string
	for _, m := range drawnStage.FindAllStringSubmatch(read(t, "docs/diagrams/reconcile.d2"), -1) {
		drawn = append(drawn, strings.Split(m[1], ", ")...)
	}
	for _, name := range drawn {
		if declared[name] == nil {
			t.Errorf("controllers/phonemethod has no function %s", name)
		}
	}
	line := append([]string{"gather"}, stagesOf(declared["reconcileUser"])...)
	if diff := cmp.Diff(line, drawn[:min(len(line), len(drawn))]); diff != "" {
		t.Errorf("the code's stages (-) and the diagram's (+):\n%s", diff)
	}
}

// stagesOf are the functions that a function hands to through, and the ticket that it asks admit for.
func stagesOf(f *ast.FuncDecl) (names []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch nameOf(call.Fun) {
		case "admit":
			names = append(names, "admit")
		case "through":
			for _, stage := range call.Args[2:] {
				names = append(names, nameOf(stage))
			}
		}
		return true
	})
	return names
}

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// `make diagrams` draws each text; that a picture is current, `make verify` shows.
func TestDiagramsAreDrawnAndShown(t *testing.T) {
	documents, _ := repository(t)
	shown := map[string]bool{}
	for _, document := range documents {
		for _, m := range regexp.MustCompile(`!\[([^\]]*)\]\(([^)]*\bdiagrams/[^)]*)\)`).FindAllStringSubmatch(read(t, document), -1) {
			shown[filepath.Join(filepath.Dir(document), m[2])] = true
			if len(m[1]) < 40 {
				t.Errorf("%s: who cannot see %s is told only %q", document, m[2], m[1])
			}
		}
	}
	there := map[string]bool{}
	texts, err := filepath.Glob("docs/diagrams/*.d2")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if picture := strings.TrimSuffix(text, ".d2") + ".svg"; text != "docs/diagrams/style.d2" {
			there[picture] = true
			if _, err := os.Stat(picture); err != nil {
				t.Errorf("%s is not drawn: %v", text, err)
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(there)), slices.Sorted(maps.Keys(shown))); diff != "" {
		t.Errorf("diagrams with a text (-) and those that documents show (+):\n%s", diff)
	}
}
