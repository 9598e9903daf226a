package cli

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/entraops/phone-operator/internal/cli/importing"
)

// shownFindings is how many findings of a kind are printed; the report has all.
const shownFindings = 20

// importFindings take what an import finds: into the report all of it, onto the screen the first of each kind.
type importFindings struct {
	first  []importing.Finding
	counts map[importing.Kind]int
	report *os.File // nil: there is none
	file   *os.File // what is written until the end: the report, or what becomes it
	rows   *csv.Writer
}

// newFindings opens the report, "" for none. An import that can be gone on with writes into draft, and the report is a copy: other
// imports may have a report of that name meanwhile. What draft has behind so many bytes goes; "" for none.
func newFindings(report, draft string, keep int64) (f *importFindings, err error) {
	f = &importFindings{first: []importing.Finding{}, counts: map[importing.Kind]int{}}
	if report == "" {
		return f, nil
	}
	if f.report, err = os.OpenFile(report, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	f.file = f.report
	if err = mayWriteOver(f.report); err == nil && draft != "" {
		f.file, err = os.OpenFile(draft, os.O_CREATE|os.O_RDWR, 0o600)
	}
	if err == nil {
		err = rewind(f.file, keep)
	}
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	f.rows = csv.NewWriter(f.file)
	if keep == 0 {
		_ = f.rows.Write(strings.Split(reportHeader, ",")) // see Error in save
	}
	return f, nil
}

// reportHeader is the first line of each report.
const reportHeader = "line,column,user,phoneType,kind,reason,number,message"

// mayWriteOver takes a report for this import. What is no report stays as it is: a name that was mistyped costs nobody a file.
func mayWriteOver(report *os.File) error {
	info, err := report.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("--report %s is no file: give the name of one", report.Name())
	}
	if err := importing.Lock(report); err != nil {
		return fmt.Errorf("--report %s: %w", report.Name(), err)
	}
	begins, err := io.ReadAll(io.LimitReader(report, int64(len(reportHeader))))
	if err == nil && !strings.HasPrefix(reportHeader, string(begins)) {
		err = fmt.Errorf("--report %s is there already, and is no report of an import: give another name, or remove it", report.Name())
	}
	return err
}

// rewind has a file go on behind so many bytes.
func rewind(file *os.File, keep int64) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < keep {
		return fmt.Errorf("%s of the interrupted import is not there any more, or not whole: begin anew in another directory", file.Name())
	}
	if err := file.Truncate(keep); err != nil {
		return err
	}
	_, err = file.Seek(keep, io.SeekStart)
	return err
}

func (f *importFindings) tell(one importing.Finding) {
	if f.counts[one.Kind]++; f.counts[one.Kind] <= shownFindings {
		f.first = append(f.first, one)
	}
	if f.rows != nil {
		line := ""
		if one.Line > 0 {
			line = strconv.Itoa(one.Line)
		}
		_ = f.rows.Write([]string{line, one.Column, one.User, one.PhoneType, string(one.Kind), one.Reason, one.Number, one.Message})
	}
}

// save writes what was told so far, and returns how many bytes the report has.
func (f *importFindings) save() (int64, error) {
	if f.rows == nil {
		return 0, nil
	}
	f.rows.Flush()
	if err := errors.Join(f.rows.Error(), f.file.Sync()); err != nil {
		return 0, err
	}
	return f.file.Seek(0, io.SeekCurrent)
}

// end writes the report.
func (f *importFindings) end() error {
	if f.rows == nil {
		return nil
	}
	f.rows.Flush()
	err := f.rows.Error()
	if err == nil && f.file != f.report {
		err = f.copy()
	}
	return errors.Join(err, f.close())
}

// copy has the report be what was written.
func (f *importFindings) copy() error {
	if _, err := f.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := rewind(f.report, 0); err != nil {
		return err
	}
	if _, err := io.Copy(f.report, f.file); err != nil {
		return err
	}
	return f.report.Sync()
}

func (f *importFindings) close() error {
	err := f.report.Close()
	if f.file != f.report && f.file != nil {
		err = errors.Join(err, f.file.Close())
	}
	return err
}

// shape is how findings are printed.
type shape struct {
	head []string
	row  func(importing.Finding) []string
}

var (
	tableShape = shape{[]string{"LINE", "COLUMN", "USER", "NUMBER", "MESSAGE"}, func(f importing.Finding) []string {
		return []string{strconv.Itoa(f.Line), f.Column, f.User, f.Number, f.Message}
	}}
	tenantShape = shape{[]string{"USER", "TYPE", "NUMBER", "MESSAGE"}, func(f importing.Finding) []string {
		return []string{f.User, f.PhoneType, f.Number, f.Message}
	}}
)

// print prints the reasons of a kind and its first findings.
func (s shape) print(w io.Writer, kind importing.Kind, t importing.Tally, all []importing.Finding) {
	if t.Counts[kind] == 0 {
		return
	}
	var reasons []string
	for _, reason := range slices.Sorted(maps.Keys(t.Reasons[kind])) {
		reasons = append(reasons, fmt.Sprintf("%d %s", t.Reasons[kind][reason], reason))
	}
	fmt.Fprintf(w, "\n%s: %s\n", kind, strings.Join(reasons, ", "))
	var rows [][]string
	for _, f := range all {
		if f.Kind == kind {
			rows = append(rows, s.row(f))
		}
	}
	if len(rows) > 0 {
		columns(w, s.head, rows)
	}
	if more := t.Counts[kind] - len(rows); more > 0 {
		fmt.Fprintf(w, "and %d more: --report has all\n", more)
	}
}
