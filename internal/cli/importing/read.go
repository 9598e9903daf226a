package importing

import (
	"errors"
	"slices"
	"strings"

	"github.com/entraops/phone-operator/internal/cli/normalise"
	"github.com/entraops/phone-operator/internal/cli/sheet"
	"github.com/entraops/phone-operator/internal/phone"
)

// reader reads the phones of a row.
type reader struct {
	columns       Columns
	defaultRegion string
	accepted      []string
}

// wide are the columns for a type of phone each.
var wide = []struct {
	role Role
	kind phone.Type
}{{Mobile, phone.Mobile}, {Alternate, phone.AlternateMobile}, {Office, phone.Office}}

// read hands out what a row has: phones, findings, and how many cells are empty.
func (r reader) read(row sheet.Row, found func(Phone), tell func(Finding), empty func()) {
	if row.Problem != "" {
		tell(Finding{Line: row.Line, Kind: Refused, Reason: "Unreadable", Message: row.Problem})
		return
	}
	cells := r.cells(row)
	if len(cells) == 0 {
		empty()
		return
	}
	user, wrong := userOf(r.columns.cell(row.Cells, User))
	if wrong != nil {
		tell(Finding{Line: row.Line, Column: r.columns.Name(User), Kind: Refused, Reason: wrong.reason, Message: wrong.sentence})
		return
	}
	for _, c := range cells {
		r.readCell(row, user, c, found, tell, empty)
	}
}

// cell is one that may have a number.
type cell struct {
	role Role
	kind phone.Type // "": not known
}

// cells are those of a row that are not empty.
func (r reader) cells(row sheet.Row) (all []cell) {
	if r.columns.Name(PhoneType) != "" {
		if strings.TrimSpace(r.columns.cell(row.Cells, PhoneNumber)) == "" {
			return nil
		}
		kind, _ := typeOf(r.columns.cell(row.Cells, PhoneType))
		return []cell{{PhoneNumber, kind}}
	}
	for _, w := range wide {
		if strings.TrimSpace(r.columns.cell(row.Cells, w.role)) != "" {
			all = append(all, cell{w.role, w.kind})
		}
	}
	return all
}

func (r reader) readCell(row sheet.Row, user string, c cell, found func(Phone), tell func(Finding), empty func()) {
	refuse := Finding{Line: row.Line, Column: r.columns.Name(c.role), User: user, PhoneType: string(c.kind), Kind: Refused}
	if c.kind == "" {
		refuse.Column, refuse.Reason, refuse.Message = r.columns.Name(PhoneType), noType.reason, noType.sentence
		tell(refuse)
		return
	}
	in := r.input(row, c)
	result, err := normalise.Number(in)
	if errors.Is(err, normalise.Empty) {
		empty()
		return
	}
	if err != nil {
		refuse.Reason, refuse.Message = "Number", err.Error()
		if why, ok := errors.AsType[*normalise.Refusal](err); ok {
			refuse.Reason = why.Reason
		}
		tell(refuse)
		return
	}
	p := Phone{Line: row.Line, Column: refuse.Column, User: user, Type: c.kind, Number: result.Number, ending: ending(in, result.Number)}
	guess := func(reason, sentence string) {
		if !slices.Contains(r.accepted, reason) {
			p.Guesses = append(p.Guesses, sentence)
			tell(p.finding(Guessed, reason, sentence))
		}
	}
	if r.columns.byAddress() && !guid.MatchString(user) {
		guess(userByAddress, byAddress)
	}
	for _, g := range result.Guesses {
		guess(string(g), g.String())
	}
	found(p)
}

// input is a cell with what its row tells about it.
func (r reader) input(row sheet.Row, c cell) normalise.Input {
	in := normalise.Input{Text: r.columns.cell(row.Cells, c.role), Type: c.kind, Calling: r.columns.cell(row.Cells, CallingCode)}
	if c.kind == phone.Office {
		in.Extension = r.columns.cell(row.Cells, Extension)
	}
	if region := r.columns.cell(row.Cells, Region); strings.TrimSpace(region) != "" {
		in.Region, _ = normalise.Region(region) // one that is not known is not replaced by the default
	} else {
		in.Region, in.Defaulted = r.defaultRegion, true
	}
	return in
}

// userByAddress is the reason of the one guess that is not about a number.
const userByAddress = "UserByAddress"

// GuessReasons are the reasons of all guesses.
func GuessReasons() []string {
	all := []string{userByAddress}
	for _, g := range normalise.Guesses() {
		all = append(all, string(g))
	}
	return all
}

const byAddress = "the user is named by a mail address, which may not be the user principal name"
