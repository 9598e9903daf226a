package sheet_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/entraops/phone-operator/internal/cli/sheet"
)

func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// known likes a header with "UPN" and one with "Mobile" better.
func known(header []string) (n int) {
	for _, cell := range header {
		if cell == "UPN" || cell == "Mobile" || cell == "Größe" {
			n++
		}
	}
	return n
}

func rows(t *testing.T, f *sheet.File) (all []sheet.Row) {
	t.Helper()
	if err := f.Rows(func(row sheet.Row) error { all = append(all, row); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestOpenFindsOutHowAFileIsWritten(t *testing.T) {
	text := "UPN;Größe;Mobile\r\nada@contoso.com;Ä;1\r\n"
	ansi, _ := charmap.Windows1252.NewEncoder().String(text)
	le, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	leBare, _ := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String(text)
	beBare, _ := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String(text)
	for name, tc := range map[string]struct {
		text, encoding string
		delimiter      byte
		line           int
	}{
		"plain":                       {text, "utf-8", ';', 1},
		"with a byte order mark":      {"\ufeff" + text, "utf-8", ';', 1},
		"ANSI":                        {ansi, "windows-1252", ';', 1},
		"UTF-16":                      {le, "utf-16le", ';', 1},
		"UTF-16 without a mark":       {leBare, "utf-16le", ';', 1},
		"UTF-16 big-endian":           {beBare, "utf-16be", ';', 1},
		"commas":                      {strings.ReplaceAll(text, ";", ","), "utf-8", ',', 1},
		"tabs":                        {strings.ReplaceAll(text, ";", "\t"), "utf-8", '\t', 1},
		"Excel's first line":          {"sep=;\r\n" + text, "utf-8", ';', 2},
		"PowerShell's first line":     {"#TYPE System.Object\r\n" + text, "utf-8", ';', 2},
		"a title and a blank line":    {"People, all of them\r\n\r\n" + text, "utf-8", ';', 3},
		"Unix lines, no end":          {strings.TrimSuffix(strings.ReplaceAll(text, "\r", ""), "\n"), "utf-8", ';', 1},
		"Entra's first line, commas":  {"version:v1.0,,,\n" + strings.ReplaceAll(text, ";", ","), "utf-8", ',', 2},
		"a header with quotes around": {strings.Replace(text, "Mobile", `"Mobile"`, 1), "utf-8", ';', 1},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := sheet.Open(write(t, tc.text), sheet.Format{}, known)
			if err != nil {
				t.Fatal(err)
			}
			if f.Encoding != tc.encoding || f.Delimiter != tc.delimiter || f.HeaderLine != tc.line {
				t.Errorf("got %s %q line %d", f.Encoding, f.Delimiter, f.HeaderLine)
			}
			want := []sheet.Row{{Line: tc.line + 1, Cells: []string{"ada@contoso.com", "Ä", "1"}}}
			if diff := cmp.Diff(want, rows(t, f)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAFileWithoutAHeader(t *testing.T) {
	f, err := sheet.Open(write(t, "a;b;c\n1;2;3\n"), sheet.Format{}, known)
	if !errors.Is(err, sheet.ErrHeader) {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, f.Header); diff != "" {
		t.Error(diff)
	}
	if _, err := sheet.Open(write(t, ""), sheet.Format{}, known); !errors.Is(err, sheet.ErrHeader) {
		t.Errorf("empty: %v", err)
	}
	if _, err := sheet.Open(write(t, "UPN,Mobile\n"), sheet.Format{Encoding: "klingon"}, known); err == nil {
		t.Error("an unknown encoding was taken")
	}
}

func TestRowsGoOnAfterOneThatCannotBeRead(t *testing.T) {
	long := strings.Repeat("x", 1<<17)
	f, err := sheet.Open(write(t, strings.Join([]string{
		"UPN,Mobile,Note",
		`ada,1,"two` + "\n" + `lines, and a ""quote"""`,
		`ben,2,`,
		`cora,3,"never closed`,
		`dan,4,`,
		``,
		`,,`,
		`erin,5,a "quote" inside,,`,
		`fred,6,"closed"wrongly`,
		`gina,7,one,two`,
		`hans,8`,
		`ines,9,` + long,
		` "jo" ,10,"ok"`,
	}, "\n")), sheet.Format{}, known)
	if err != nil {
		t.Fatal(err)
	}
	type short struct {
		Line  int
		First string
		Bad   string
	}
	var got []short
	for _, row := range rows(t, f) {
		s := short{Line: row.Line, Bad: row.Problem}
		if row.Problem == "" {
			s.First = row.Cells[0] + "/" + row.Cells[2]
		} else if s.Bad = s.Bad[:10]; row.Cells != nil {
			t.Errorf("line %d has a problem and cells", row.Line)
		}
		got = append(got, s)
	}
	want := []short{
		{2, "ada/two\nlines, and a \"quote\"", ""}, {4, "ben/", ""}, {5, "", "a quote is"}, {6, "dan/", ""},
		{9, `erin/a "quote" inside`, ""}, {10, "", "there is s"}, {11, "", "there are "}, {12, "", "there are "},
		{13, "", "the line i"}, {14, "jo/ok", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// FuzzRows: whatever is in a file, each line is in one row at most, rows come in order, and those without a problem are as
// wide as the header.
func FuzzRows(f *testing.F) {
	f.Add("a,1\n\"b\n\nc\",2\n\"d")
	f.Add("\"\"\"\n\"\r\n,\",\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := sheet.Open(write(t, "UPN,Mobile\n"+text), sheet.Format{Encoding: "utf-8"}, known)
		if err != nil || file.HeaderLine != 1 || len(file.Header) != 2 {
			return
		}
		last := 1
		err = file.Rows(func(row sheet.Row) error {
			if row.Line <= last {
				t.Fatalf("line %d after %d", row.Line, last)
			}
			if last = row.Line; (row.Problem == "") != (len(row.Cells) == 2) {
				t.Fatalf("line %d: %d cells, problem %q", row.Line, len(row.Cells), row.Problem)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// What can be read only once would be empty at the second look.
func TestWhatIsNoFile(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	for _, path := range []string{fmt.Sprintf("/dev/fd/%d", r.Fd()), t.TempDir()} {
		if _, err := sheet.Open(path, sheet.Format{}, known); err == nil || !strings.Contains(err.Error(), "save the table first") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
