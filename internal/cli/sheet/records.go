package sheet

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// What one row may have. Cells with line breaks are addresses and remarks; what is longer is a quote that is not closed.
const (
	maxRecord = 1 << 16 // bytes
	maxLines  = 50
)

// Row is one row. Either Cells are as many as the header has, or Problem says why it cannot be read.
type Row struct {
	Line    int // where it begins, from 1
	Cells   []string
	Problem string // a sentence with nothing of the row in it
}

type line struct {
	number int
	text   string
	long   bool // cut: there was more of it
}

// records reads rows.
type records struct {
	in        *bufio.Reader
	delimiter byte
	width     int    // of a row; 0: any
	again     []line // read already, and to be read again
	number    int
}

func newRecords(in io.Reader, delimiter byte) *records {
	return &records{in: bufio.NewReaderSize(in, maxRecord), delimiter: delimiter}
}

// take returns the next line without its end, or io.EOF.
func (r *records) take() (line, error) {
	if len(r.again) > 0 {
		l := r.again[0]
		r.again = r.again[1:]
		return l, nil
	}
	raw, err := r.in.ReadSlice('\n')
	if len(raw) == 0 && err != nil {
		return line{}, err
	}
	r.number++
	l := line{number: r.number, text: strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")}
	for errors.Is(err, bufio.ErrBufferFull) {
		l.long = true
		_, err = r.in.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return line{}, err
	}
	return l, nil
}

// next returns the next row that is not blank, or io.EOF.
func (r *records) next() (Row, error) {
	for {
		first, err := r.take()
		if err != nil {
			return Row{}, err
		}
		row, err := r.from(first)
		if err != nil || row.Problem != "" || !isBlank(row.Cells) {
			return row, err
		}
	}
}

// from reads the row that begins with a line. Where that fails the lines after it are read anew.
func (r *records) from(first line) (Row, error) {
	row := Row{Line: first.number}
	if first.long {
		row.Problem = "the line is too long"
		return row, nil
	}
	text, more := first.text, []line(nil)
	cells, closed, ok := split(text, r.delimiter)
	for ok && !closed && len(more) < maxLines && len(text) < maxRecord {
		next, err := r.take()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return row, err
		}
		more = append(more, next)
		text += "\n" + next.text
		if strings.Contains(next.text, `"`) {
			cells, closed, ok = split(text, r.delimiter)
		}
	}
	cells = r.fit(cells)
	switch {
	case !closed, !ok && len(more) > 0: // or what closes it belongs to a row below
		row.Problem = "a quote is opened and never closed"
	case !ok:
		row.Problem = "there is something behind the closing quote of a cell"
	case r.width > 0 && !isBlank(cells) && len(cells) != r.width:
		row.Problem = fmt.Sprintf("there are %d cells, and %d columns: see whether a delimiter or line break in a cell is not quoted", len(cells), r.width)
	default:
		row.Cells = cells
		return row, nil
	}
	r.again = append(more, r.again...)
	return row, nil
}

// fit leaves out delimiters at the end of a row that the header does not have.
func (r *records) fit(cells []string) []string {
	for r.width > 0 && len(cells) > r.width && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	return cells
}

// split takes a row apart. closed is false where it ends within quotes, ok where a quoted cell goes on behind its quote.
func split(text string, delimiter byte) (cells []string, closed, ok bool) {
	cells = make([]string, 0, 1+strings.Count(text, string(delimiter)))
	for {
		if trimmed := strings.TrimLeft(text, " "); strings.HasPrefix(trimmed, `"`) {
			cell, rest, closed := quoted(trimmed[1:])
			if !closed {
				return cells, false, true
			}
			rest = strings.TrimLeft(rest, " ")
			cells = append(cells, cell)
			switch {
			case rest == "":
				return cells, true, true
			case rest[0] != delimiter:
				return cells, true, false
			}
			text = rest[1:]
			continue
		}
		cell, rest, found := strings.Cut(text, string(delimiter))
		cells = append(cells, cell)
		if !found {
			return cells, true, true
		}
		text = rest
	}
}

// quoted reads up to the closing quote; two of them are one in the cell.
func quoted(text string) (cell, rest string, closed bool) {
	for from := 0; ; {
		i := strings.IndexByte(text[from:], '"')
		if i < 0 {
			return "", "", false
		}
		i += from
		if !strings.HasPrefix(text[i+1:], `"`) {
			return strings.ReplaceAll(text[:i], `""`, `"`), text[i+1:], true
		}
		from = i + 2
	}
}

func isBlank(cells []string) bool {
	for _, cell := range cells {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return true
}
