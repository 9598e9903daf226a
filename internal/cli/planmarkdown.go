package cli

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/entraops/phone-operator/internal/preview"
)

// nameOf is how kubectl prints a manifest's object.
func nameOf(r preview.Row) string {
	name := r.Name
	if r.Namespace != "" {
		name = r.Namespace + "/" + name
	}
	if r.Kind != "" {
		name = r.Kind + " " + name
	}
	return name
}

// what is the result in a word or two: what is done, or why nothing is.
func what(r preview.Row) string {
	switch r.Outcome {
	case preview.Change:
		return r.Action
	case preview.Unchanged:
		if r.Action != "" {
			return r.Action
		}
		return string(r.Outcome)
	case preview.Refused, preview.Waits, preview.Unknown:
	}
	return fmt.Sprintf("%s: %s", r.Outcome, r.Reason)
}

// String is the summary in a sentence.
func (s summary) String() string {
	parts := []string{count(s.Change, "change") + " in Graph"}
	for _, part := range []struct {
		n    int
		text string
	}{{s.Refused, "refused"}, {s.Waits, "waiting"}, {s.Unchanged, "unchanged"}, {s.Unknown, "not known"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.text))
		}
	}
	return strings.Join(parts, ", ") + "."
}

// screen is how many rows can be looked through; more are counted as well.
const screen = 20

// byResult counts the manifests by their result, the most frequent first.
func (p *planned) byResult() (rows [][]string) {
	counts := map[string]int{}
	for _, r := range p.Rows {
		counts[what(r)]++
	}
	for _, result := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(counts[b]-counts[a], strings.Compare(a, b))
	}) {
		rows = append(rows, []string{result, strconv.Itoa(counts[result])})
	}
	return rows
}

// maxLength is how long a comment gets before its tables are cut: GitHub takes 65,536 characters.
const maxLength = 50_000

// markdown prints the plan for a comment on a pull request. What is changed comes first: no number of refused manifests must
// hide it.
func (p *planned) markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "**Phones: %s**\n", p.Summary)
	var rows [][]string
	for _, r := range slices.SortedStableFunc(slices.Values(p.Rows), changesFirst) {
		if r.Outcome != preview.Unchanged || r.Action != "" {
			rows = append(rows, []string{what(r), nameOf(r), r.User, r.PhoneType, r.Message})
		}
	}
	if len(rows) > screen {
		markdownTable(&b, []string{"Result", "Manifests"}, p.byResult())
	}
	markdownTable(&b, []string{"Result", "Resource", "User", "Type", "Message"}, rows)
	rows = nil
	for _, u := range p.Unmanaged {
		rows = append(rows, []string{u.User, u.PhoneType, u.Number})
	}
	if len(rows) > 0 {
		b.WriteString("\nIn Graph, and declared by no resource:\n")
		markdownTable(&b, []string{"User", "Type", "Number"}, rows)
	}
	for i, note := range p.Notes {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "* %s\n", markdownText(note))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func changesFirst(a, b preview.Row) int {
	switch changes := a.Outcome == preview.Change; {
	case changes == (b.Outcome == preview.Change):
		return 0
	case changes:
		return -1
	}
	return 1
}

func markdownTable(b *strings.Builder, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for i, row := range rows {
		if b.Len() > maxLength {
			fmt.Fprintf(b, "\nand %d more\n", len(rows)-i)
			return
		}
		for i := range row {
			row[i] = markdownText(row[i])
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
	}
}

// markdownText keeps names and messages of others from being markup, or a mention of somebody.
func markdownText(text string) string {
	text = printable(strings.ReplaceAll(text, "\n", " "))
	var b strings.Builder
	last := ' '
	for _, r := range text {
		switch {
		case strings.ContainsRune("\\`*_{}[]<>()#+!|~&$", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '@' && (last > unicode.MaxASCII || !unicode.IsLetter(last) && !unicode.IsDigit(last)):
			b.WriteString("@\u2060") // with a space of no width
		case r == '/' && last == '/', r == '.' && strings.HasSuffix(strings.ToLower(b.String()), "www"):
			b.WriteRune('\u2060') // else it is a link
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
		last = r
	}
	return b.String()
}
