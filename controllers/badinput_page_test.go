package controllers_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updatePage = flag.Bool("update", false, "write docs/bad-input.md anew")

const page = "../docs/bad-input.md"

// TestThePageOfBadInputIsTheTable keeps users and tests reading the same words.
func TestThePageOfBadInputIsTheTable(t *testing.T) {
	want := written(chapters())
	if *updatePage {
		must(t, os.WriteFile(page, []byte(want), 0o644))
	}
	got, err := os.ReadFile(page)
	must(t, err)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/bad-input.md is not the table; go test ./controllers -run ThePageOfBadInput -update (-table +page):\n%s", diff)
	}
}

func TestTheTableOfBadInputIsSound(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range chapters() {
		for _, row := range c.rows {
			switch name := c.title + ": " + row.what; {
			case seen[name]:
				t.Errorf("%s: twice", name)
			case row.says.message == "" || row.what == "":
				t.Errorf("%s: says nothing", name)
			case (row.broken == nil) != (row.says.condition == ""):
				t.Errorf("%s: what is refused has no condition, what is stored has one", name)
			case traceOf(row.says.message) != "":
				t.Errorf("%s: says the number", name)
			default:
				seen[name] = true
			}
		}
	}
	if len(seen) < 60 {
		t.Errorf("%d mistakes", len(seen))
	}
}

func written(chapters []chapter) string {
	var b strings.Builder
	b.WriteString(`# Bad input

What you see when something is wrong. Each row is a test against a real API server: this page is written by
` + "`go test ./controllers -run ThePageOfBadInput -update`" + ` from the table that the tests use.

Two things can happen. ` + "`kubectl apply`" + ` refuses the manifest, or it is stored and a condition says what is wrong:
look with ` + "`kubectl describe`" + `. Whatever is wrong with one resource or one tenant, the others go on, nothing in Entra is
changed for the broken one, and no refusal, condition or event repeats a phone number. Texts are shown
where they say what is wrong; they may go on.
`)
	for _, c := range chapters {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| What is wrong | For example | What you see |\n|---|---|---|\n", c.title, c.intro)
		for _, row := range c.rows {
			given := ""
			if row.given != "" {
				given = code(shortened(row.given))
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(row.what), given, cell(row.says.String()))
		}
	}
	return b.String()
}

func (s says) String() string {
	if s.condition == "" {
		return "Refused: " + s.message
	}
	message := s.message
	if strings.ToUpper(message[:1]) != message[:1] {
		message = "… " + message
	}
	return fmt.Sprintf("%s=%s, %s: %s", s.condition, s.status, s.reason, message)
}

// shortened cuts what nobody reads to its end.
func shortened(s string) string {
	if r := []rune(s); len(r) > 120 {
		return string(r[:60]) + "…" + string(r[len(r)-20:])
	}
	return s
}

func code(s string) string { return "`" + strings.ReplaceAll(s, "|", `\|`) + "`" }

func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "<", `\<`, "*", `\*`).Replace(s)
}
