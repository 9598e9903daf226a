package sheet

import (
	"errors"
	"io"
	"os"
	"strings"
)

// Format is how a file is written. The zero values are found out.
type Format struct {
	Encoding  string // as web pages name it
	Delimiter byte
}

// File is a table in a file.
type File struct {
	Format
	Header     []string
	HeaderLine int

	path string
}

// ErrHeader means: there is no line that score likes.
var ErrHeader = errors.New("no line with the names of the columns was found")

// delimiters that are tried, the likelier ones first.
var delimiters = []byte{',', ';', '\t', '|'}

// maxPreamble is how many lines may stand before the header: titles, and what tools write for each other.
const maxPreamble = 10

// Open finds out how the file at path is written. score says how much of a header is known, 0 for a line that is none:
// the delimiter and line that score most are taken. With ErrHeader the File has the likeliest header, for a message.
//
// The file is read several times, so that it cannot be a pipe.
func Open(path string, known Format, score func(header []string) int) (*File, error) {
	f := &File{Format: known, path: path}
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, errors.New("this is no file, which it must be to be read more than once: save the table first")
	}
	if f.Encoding == "" {
		var err error
		if f.Encoding, err = findEncoding(path); err != nil {
			return nil, err
		}
	}
	best := 0
	tried := delimiters
	if known.Delimiter != 0 {
		tried = []byte{known.Delimiter}
	}
	for _, delimiter := range tried {
		rows, err := f.head(delimiter)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			points := score(row.Cells)
			likelier := best == 0 && row.Line == rows[0].Line && len(row.Cells) > len(f.Header)
			if points > best || points == best && likelier {
				f.Header, f.HeaderLine, f.Delimiter, best = row.Cells, row.Line, delimiter, points
			}
		}
	}
	if best == 0 {
		return f, ErrHeader
	}
	return f, nil
}

// head returns the first rows.
func (f *File) head(delimiter byte) (rows []Row, err error) {
	err = f.read(delimiter, 0, func(row Row) error {
		if len(rows) == maxPreamble {
			return errEnough
		}
		if !isNote(row) {
			rows = append(rows, row)
		}
		return nil
	})
	return rows, err
}

var errEnough = errors.New("enough")

// isNote: a first line of Excel's, Entra's or PowerShell's.
func isNote(row Row) bool {
	if len(row.Cells) == 0 {
		return true
	}
	first := strings.ToLower(row.Cells[0])
	return strings.HasPrefix(first, "sep=") || strings.HasPrefix(first, "version:") || strings.HasPrefix(first, "#type ")
}

// Rows hands out the rows below the header. An error of do ends it.
func (f *File) Rows(do func(Row) error) error {
	return f.read(f.Delimiter, len(f.Header), func(row Row) error {
		if row.Line <= f.HeaderLine {
			return nil
		}
		return do(row)
	})
}

func (f *File) read(delimiter byte, width int, do func(Row) error) error {
	file, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	in, err := decode(file, f.Encoding)
	if err != nil {
		return err
	}
	r := newRecords(in, delimiter)
	for {
		if r.number >= f.HeaderLine {
			r.width = width // the lines above may be of any
		}
		row, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = do(row)
		}
		if errors.Is(err, errEnough) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
