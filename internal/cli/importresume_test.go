package cli

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

func (w *connected) interrupted(args ...string) {
	w.t.Helper()
	must(w.t, w.graph.AddFault(emulator.Fault{Effect: emulator.Answer, Status: http.StatusUnauthorized, Path: "/authentication"}))
	if _, _, err := w.run(append([]string{"import", "--from-tenant", w.namespace}, args...)...); err == nil {
		w.t.Fatal("nothing interrupted it")
	}
	w.graph.ClearFaults()
}

func TestResumeInAnotherTenantOfTheSameName(t *testing.T) {
	w := newConnected(t, "samename", least, fast)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	dir := t.TempDir()
	w.interrupted("nobody@contoso.com", "ada@contoso.com", "--out", dir)
	other := newConnected(t, "samename-other", least, fast)
	other.user("ada", having(map[string]string{"mobile": "+1 2065550199"}))
	a, b := tenantNamed(t, w, "samename"), tenantNamed(t, w, "samename-other")
	b.Spec.DeepCopyInto(&a.Spec)
	must(t, w.Delete(t.Context(), tenantNamed(t, w, "samename-other")))
	a.Spec.Access[0].Namespaces.MatchExpressions[0].Values = []string{"samename"}
	must(t, w.Delete(t.Context(), tenantNamed(t, w, "samename")))
	a.ResourceVersion, a.UID = "", ""
	must(t, w.Create(t.Context(), a))
	out, _, err := w.run("import", "--from-tenant", w.namespace, "nobody@contoso.com", "ada@contoso.com", "--out", dir, "--resume")
	if err == nil {
		t.Errorf("an import of another tenant is gone on with:\n%s", out)
	}
}

func tenantNamed(t *testing.T, w *connected, name string) *v1alpha1.EntraTenant {
	t.Helper()
	o := &v1alpha1.EntraTenant{}
	must(t, w.Get(t.Context(), client.ObjectKey{Name: name}, o))
	return o
}

// Whatever became of the report of an interrupted import, in the end it has all: another import may have one of that name.
func TestResumeWithoutTheReport(t *testing.T) {
	for sentence, lose := range map[string]func(w *connected, report string){
		"removed": func(w *connected, report string) { must(w.t, os.Remove(report)) },
		"written over by an import of a table": func(w *connected, report string) {
			w.works("import", "--from-csv", file(w.t, people), "--dry-run", "--report", report)
		},
		"written over by another import of the tenant": func(w *connected, report string) {
			w.imports("ben@contoso.com", "somebody@contoso.com", "--out", w.t.TempDir(), "--report", report)
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := newConnected(t, fmt.Sprintf("noreport-%d", len(sentence)), least, fast)
			w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
			w.user("ben", having(map[string]string{"mobile": "+1 2065550102"}))
			dir, report := t.TempDir(), filepath.Join(t.TempDir(), "report.csv")
			args := []string{"nobody@contoso.com", "ada@contoso.com", "noone@contoso.com", "--out", dir, "--report", report}
			w.interrupted(args...)
			text, err := os.ReadFile(report)
			must(t, err)
			mustSay(t, string(text), reportHeader, "nobody@contoso.com")
			lose(w, report)
			w.imports(append(args, "--resume")...)
			text, err = os.ReadFile(report)
			must(t, err)
			if lines := strings.Split(strings.TrimSpace(string(text)), "\n"); len(lines) != 3 {
				t.Errorf("the report:\n%s", text)
			}
			mustSay(t, string(text), reportHeader, "nobody@contoso.com", "noone@contoso.com")
			left, err := os.ReadDir(dir)
			if must(t, err); len(left) != 1 || left[0].Name() != "phones-0001.yaml" {
				t.Errorf("in the folder are %v", left)
			}
		})
	}
}

func TestAnImportThatFailsBeforeItBegins(t *testing.T) {
	w := newConnected(t, "falsestart", least, fast)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	dir := t.TempDir()
	if _, _, err := w.run("import", "--from-tenant", w.namespace, "--filter", "shoeSize gt 40", "--out", dir); err == nil {
		t.Fatal("that filter works")
	}
	if _, _, err := w.run("import", "--from-tenant", w.namespace, "--all", "--out", dir); err != nil {
		t.Errorf("the corrected command: %v", err)
	}
}

// A list is another one when who is in it is, and not by its name or remarks.
func TestResumeWithAListThatChanged(t *testing.T) {
	w := newConnected(t, "listchanged", least, fast)
	for n, name := range []string{"ada", "ben"} {
		w.user(name, having(map[string]string{"mobile": fmt.Sprintf("+1 206555010%d", n+1)}))
	}
	list, dir := filepath.Join(t.TempDir(), "people.txt"), t.TempDir()
	write := func(text string) { must(t, os.WriteFile(list, []byte(text), 0o600)) }
	write("nobody@contoso.com\nada@contoso.com\n")
	w.interrupted("--users-from", list, "--out", dir)
	write("nobody@contoso.com\nben@contoso.com\n")
	for _, others := range [][]string{{"--users-from", list}, {"nobody@contoso.com", "ben@contoso.com"}} {
		_, _, err := w.run(append([]string{"import", "--from-tenant", w.namespace, "--out", dir, "--resume"}, others...)...)
		if err == nil {
			t.Fatalf("it goes on with other users: %v", w.declared(dir))
		}
		mustSay(t, err.Error(), "differs in the users who are listed", "begin anew in another directory")
	}
	w.in = "# as before\nNobody@contoso.com\nada@contoso.com"
	w.works("import", "--from-tenant", w.namespace, "--users-from", "-", "--out", dir, "--resume")
	if d := cmp.Diff([]string{"ada@contoso.com mobile"}, w.declared(dir)); d != "" {
		t.Error(d)
	}
}
