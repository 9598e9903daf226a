package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/preview"
)

func examplePlan() *planned {
	return &planned{
		Summary: summary{Refused: 1, Change: 1, Unchanged: 2},
		Rows: []preview.Row{
			{Namespace: "people", Name: "erin-mobile", User: "erin@contoso.com", PhoneType: "mobile", Outcome: preview.Refused, Reason: "InvalidNumber",
				Message: "write | and\n[a link](https://example.com), @team"},
			{Namespace: "people", Name: "ada-mobile", User: "ada@contoso.com", PhoneType: "mobile", Number: "+1 ********00", Outcome: preview.Change,
				Action: "Create", Reason: "WouldChange", Message: "create the user's mobile: +1 ********00"},
			{Namespace: "people", Name: "ben-mobile", User: "ben@contoso.com", PhoneType: "mobile", Outcome: preview.Unchanged, Reason: "Ready"},
		},
		Unmanaged: []preview.Phone{{Tenant: "default", User: "ada@contoso.com", PhoneType: "office", Number: "+1 ********09"}},
		Notes:     []string{"left out: 1 of kind Kustomization"},
	}
}

func TestMarkdown(t *testing.T) {
	var b strings.Builder
	must(t, examplePlan().markdown(&b))
	want := `**Phones: 1 change in Graph, 1 refused, 2 unchanged.**

| Result | Resource | User | Type | Message |
|---|---|---|---|---|
| Create | people/ada-mobile | ada@contoso.com | mobile | create the user's mobile: \+1 \*\*\*\*\*\*\*\*00 |
| Refused: InvalidNumber | people/erin-mobile | erin@contoso.com | mobile | write \| and \[a link\]\(https:/` + "\u2060" + `/example.com\), @` + "\u2060" + `team |

In Graph, and declared by no resource:

| User | Type | Number |
|---|---|---|
| ada@contoso.com | office | \+1 \*\*\*\*\*\*\*\*09 |

* left out: 1 of kind Kustomization
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A plan of many manifests is cut or scrolls away, and what is refused must show.
func TestALongPlanCountsItsResults(t *testing.T) {
	p := &planned{Rows: []preview.Row{
		{Name: "a", Outcome: preview.Refused, Reason: "UserNotFound"}, {Name: "b", Outcome: preview.Refused, Reason: "PrivilegedUser"},
		{Name: "c", Outcome: preview.Unchanged},
	}}
	for range 1000 {
		p.Rows = append(p.Rows, preview.Row{Name: "d", Outcome: preview.Change, Action: "Create", Message: strings.Repeat("create ", 20)})
	}
	var text, markdown strings.Builder
	p.table(&text)
	must(t, p.markdown(&markdown))
	for where, got := range map[string]string{"text": text.String(), "markdown": markdown.String()} {
		want := "RESULT                    MANIFESTS\nCreate                    1000\nRefused: PrivilegedUser   1\nRefused: UserNotFound     1\nUnchanged                 1\n"
		if where == "markdown" {
			want = "| Result | Manifests |\n|---|---|\n| Create | 1000 |\n| Refused: PrivilegedUser | 1 |\n| Refused: UserNotFound | 1 |\n| Unchanged | 1 |\n"
		}
		if !strings.Contains(got, want) {
			t.Errorf("the %s of a long plan does not count its results:\n%.1000s", where, got)
		}
	}
}

func TestOnlyPlanPrintsMarkdown(t *testing.T) {
	if _, _, err := offline(t, "status", "-o", "markdown"); err == nil || !strings.Contains(err.Error(), "markdown") {
		t.Errorf("status prints markdown: %v", err)
	}
	for outcome, want := range map[summary]error{
		{Unchanged: 3}: nil, {Change: 1}: ErrFound, {Waits: 1}: ErrFound, {Refused: 1}: ErrFound, {Unknown: 1, Change: 1}: ErrSaid,
	} {
		if got := (&planned{Summary: outcome}).verdict(); !errors.Is(got, want) {
			t.Errorf("%+v: %v", outcome, got)
		}
	}
}
