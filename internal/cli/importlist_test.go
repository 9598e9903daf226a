package cli

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entraops/phone-operator/internal/emulator"
)

func TestAListOfUsersThatHasNumbers(t *testing.T) {
	w := newConnected(t, "leaks", least, fast)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	list, dir := filepath.Join(t.TempDir(), "people.csv"), t.TempDir()
	report := filepath.Join(t.TempDir(), "report.csv")
	must(t, os.WriteFile(list, []byte("UPN,PhoneType,PhoneNumber\nada@contoso.com,mobile,+1 2065550101\n+12065550102\nada@contoso.com\n"), 0o600))
	must(t, w.graph.AddFault(emulator.Fault{Effect: emulator.Answer, Status: http.StatusUnauthorized, Path: "/authentication"})) // so that the journal stays
	_, _, err := w.run("import", "--from-tenant", w.namespace, "--users-from", list, "--out", dir, "--report", report, "--numbers=secret")
	t.Log(err)
	for _, file := range []string{report, filepath.Join(dir, "import.journal")} {
		text, err := os.ReadFile(file)
		must(t, err)
		if strings.Contains(string(text), "20655501") {
			t.Errorf("%s has a number:\n%s", filepath.Base(file), text)
		}
	}
	w.graph.ClearFaults()
	_, _, _ = w.run("import", "--from-tenant", w.namespace, "--users-from", list, "--dry-run")
}

func TestAReportInPlaceOfTheList(t *testing.T) {
	w := newConnected(t, "listreport", least, fast)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	list := filepath.Join(t.TempDir(), "people.txt")
	must(t, os.WriteFile(list, []byte("ada@contoso.com\n"), 0o600))
	out, _, err := w.run("import", "--from-tenant", w.namespace, "--users-from", list, "--out", t.TempDir(), "--report", list)
	if text, _ := os.ReadFile(list); !strings.HasPrefix(string(text), "ada@") {
		t.Errorf("the list is gone (%v): %s\n%s", err, text, out)
	}
}

// A list that PowerShell wrote is in UTF-16, and one that is empty is not the whole tenant.
func TestOddLists(t *testing.T) {
	w := newConnected(t, "oddlists", least, fast)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	for text, want := range map[string]int{"\xff\xfea\x00d\x00a\x00@\x00c\x00o\x00n\x00t\x00o\x00s\x00o\x00.\x00c\x00o\x00m\x00\r\x00\n\x00": 1, "": 0, "# nobody\n\n": 0} {
		w.in = text
		if s := w.imports("--users-from", "-", "--dry-run"); s.Users != want || s.Phones != want {
			t.Errorf("%q: %d users with %d phones", text, s.Users, s.Phones)
		}
	}
}
