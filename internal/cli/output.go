package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/yaml"
)

// ErrSaid is the error of a command that has already told what went wrong: only the exit code is missing.
var ErrSaid = errors.New("not everything could be done")

// output is how a command prints.
type output string

const (
	table    output = "table"
	markdown output = "markdown" // of plan only
)

var outputs = []string{"table", "json", "yaml"}

// outputsOf are those of a command.
func outputsOf(command string) []string {
	if command == "plan" {
		return append(slices.Clone(outputs), string(markdown))
	}
	return outputs
}

// String, Set and Type make output a flag.
func (o *output) String() string { return string(*o) }

// Set takes one of outputs.
func (o *output) Set(v string) error {
	if !slices.Contains(outputs, v) && v != string(markdown) {
		return errors.New("print as table, json or yaml")
	}
	*o = output(v)
	return nil
}

// Type is shown in the help.
func (o *output) Type() string { return "format" }

// print prints v as JSON or YAML, or has asTable print it for people.
func (s *session) print(v any, asTable func(io.Writer)) error {
	switch s.output {
	case "json":
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(s.Out, string(text))
		return err
	case "yaml":
		text, err := yaml.Marshal(v)
		if err != nil {
			return err
		}
		_, err = s.Out.Write(text)
		return err
	default:
		if !hasColour(s.Out) {
			asTable(s.Out)
			return nil
		}
		var text bytes.Buffer
		asTable(&text)
		_, err := s.Out.Write(coloured(text.Bytes()))
		return err
	}
}

// columns prints rows one below the other as kubectl does. What a cell has beyond its first line is left out.
func columns(w io.Writer, head []string, rows [][]string) {
	tab := printers.GetNewTabWriter(w)
	for _, row := range append([][]string{head}, rows...) {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i], _, _ = strings.Cut(cell, "\n")
			cells[i] = printable(cells[i])
		}
		fmt.Fprintln(tab, strings.Join(cells, "\t"))
	}
	_ = tab.Flush() // to a terminal
}

// printable leaves out what would move the cursor: names and messages come from others.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s)
}

// Printable is the text of an error, for a terminal: what others wrote into it moves no cursor, and begins no line, which
// some pipelines take for a command.
func Printable(err error) string {
	lines := strings.Split(err.Error(), "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n  ")
}

// count is a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
