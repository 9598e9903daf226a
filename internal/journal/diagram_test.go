package journal

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The diagram of a write has each result that Graph's answer can be, and the times that it tells are these.
func TestTheDiagramOfAWriteHasEveryResult(t *testing.T) {
	text, err := os.ReadFile("../../docs/diagrams/write.d2")
	if err != nil {
		t.Fatal(err)
	}
	diagram := strings.ReplaceAll(string(text), `\n`, " ")
	file, err := parser.ParseFile(token.NewFileSet(), "entry.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := resultsOf(file)
	if len(names) < 7 {
		t.Errorf("entry.go has the results %v", names)
	}
	for _, name := range names {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(diagram) {
			t.Errorf("the result %s is not drawn", name)
		}
	}
	for _, want := range []string{
		fmt.Sprintf("late, for up to %v s", GraphReadLag.Seconds()),
		fmt.Sprintf("after %v s without an answer", (WriteDeadline + GraphReadLag).Seconds()),
		fmt.Sprintf("again after %v s,", unclearWriteHold.Seconds()),
		fmt.Sprintf("NumberNotUnique after %v s", GraphReadLag.Seconds()),
		fmt.Sprintf("after %v s a read does not:", refusalRecheck.Seconds()),
		fmt.Sprintf("of a deletion after %v min", deletionRetry.Minutes()),
		fmt.Sprintf("SMS sign-in: unchanged after %v s", GraphReadLag.Seconds()),
	} {
		if !strings.Contains(diagram, want) {
			t.Errorf("it is not said: %s", want)
		}
	}
}

// resultsOf are the constants of type Result.
func resultsOf(file *ast.File) (names []string) {
	for _, d := range file.Decls {
		block, ok := d.(*ast.GenDecl)
		if !ok || block.Tok != token.CONST {
			continue
		}
		if first, ok := block.Specs[0].(*ast.ValueSpec); !ok || fmt.Sprint(first.Type) != "Result" {
			continue
		}
		for _, spec := range block.Specs {
			names = append(names, spec.(*ast.ValueSpec).Names[0].Name)
		}
	}
	return names
}
