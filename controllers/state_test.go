package controllers_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/entraops/phone-operator/controllers/entratenant"
	"github.com/entraops/phone-operator/controllers/phonemethod"
	"github.com/entraops/phone-operator/internal/tenant"
)

const module = "github.com/entraops/phone-operator/"

// What the operator keeps in memory is one table, and it is complete.
func TestTheTableOfStateIsComplete(t *testing.T) {
	text, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| kept in memory |")
	table, _, _ = strings.Cut(table, "\n\n")
	var told []string
	for _, m := range regexp.MustCompile("`([a-z]+\\.[A-Za-z]+\\.[A-Za-z]+)`").FindAllStringSubmatch(table, -1) {
		told = append(told, m[1])
	}
	kept := map[string]bool{}
	for _, of := range []any{phonemethod.Reconciler{}, entratenant.Reconciler{}, tenant.Tenant{}} {
		collect(reflect.TypeOf(of), kept, map[reflect.Type]bool{})
	}
	for field := range kept {
		if !slices.Contains(told, field) {
			t.Errorf("%s is not in the table of ARCHITECTURE.md: say why it is needed, and what a restart costs", field)
		}
	}
	for _, field := range told {
		if !kept[field] {
			t.Errorf("%s is in the table, and the operator does not keep it", field)
		}
	}
}

// collect adds the fields that change while the operator runs, of the structs of this module that
// are reached from t: those of a struct with a mutex, and maps and caches wherever they are.
func collect(t reflect.Type, kept map[string]bool, seen map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Array {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || !strings.HasPrefix(t.PkgPath()+"/", module) || seen[t] {
		return
	}
	seen[t] = true
	guarded := isGuarded(t)
	for f := range t.Fields() {
		name := t.PkgPath()[strings.LastIndex(t.PkgPath(), "/")+1:] + "." + t.Name() + "." + f.Name
		switch of := f.Type; {
		case of.PkgPath() == "sync" || of.Kind() == reflect.Func || of.Kind() == reflect.Interface || of.Kind() == reflect.Chan:
		case of.Kind() == reflect.Map, strings.HasPrefix(of.Name(), "expiring["):
			kept[name] = true
		case isOurs(of) && (!guarded || isGuarded(of)):
			collect(of, kept, seen)
		case guarded && of.Kind() != reflect.String && of != reflect.TypeFor[[]string](): // those are settings
			kept[name] = true
		}
	}
}

// isGuarded reports whether a struct has a mutex.
func isGuarded(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && slices.ContainsFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool { return f.Type.PkgPath() == "sync" })
}

func isOurs(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Array {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && strings.HasPrefix(t.PkgPath()+"/", module) && !strings.HasPrefix(t.PkgPath(), module+"api/")
}
