package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// Each condition and each reason of the API is in a table of the page of its kind, which says what to do about it.
func TestDocumentsHaveEveryReason(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "api/v1alpha1/conditions.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	pages := read(t, "docs/phoneauthenticationmethod.md") + read(t, "docs/entratenant.md")
	found := 0
	for name, value := range constants(file) {
		found++
		switch {
		case strings.HasPrefix(name, "Reason") && !strings.Contains(pages, "\n| `"+value+"` |"):
			t.Errorf("no table of docs/phoneauthenticationmethod.md or docs/entratenant.md begins a line with the reason %s", value)
		case strings.HasPrefix(name, "Condition") && !strings.Contains(pages, "`"+value+"`"):
			t.Errorf("neither docs/phoneauthenticationmethod.md nor docs/entratenant.md tells of the condition %s", value)
		}
	}
	if found < 40 {
		t.Errorf("%d conditions and reasons were found", found)
	}
}

// constants are the strings that a file gives names to.
func constants(file *ast.File) map[string]string {
	all := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == 1 && len(spec.Values) == 1 {
			if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
				all[spec.Names[0].Name], _ = strconv.Unquote(literal.Value)
			}
		}
		return true
	})
	return all
}
