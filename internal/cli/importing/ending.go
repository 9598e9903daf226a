package importing

import (
	"strings"

	"github.com/entraops/phone-operator/internal/cli/normalise"
	"github.com/entraops/phone-operator/internal/cli/sheet"
	"github.com/entraops/phone-operator/internal/phone"
)

// What the first pass knows of a number: its last digits. To read it whole would take as long as all the rest. A cell with
// so few digits that the country may be among the last ones is read whole all the same.
const (
	endingLength = 7
	wholeBelow   = 9
)

// ending is the same for all writings of one number.
func ending(in normalise.Input, n phone.Number) string {
	text := in.Text + in.Extension
	if digits, plain := digitsOf(strings.TrimSuffix(strings.TrimSpace(text), ".0")); plain && len(digits) >= wholeBelow {
		return digits[len(digits)-endingLength:]
	}
	if n.IsZero() {
		result, err := normalise.Number(in)
		if err != nil {
			return ""
		}
		n = result.Number
	}
	digits, _ := digitsOf(n.Graph())
	return digits[max(0, len(digits)-endingLength):]
}

// digitsOf are the digits of s; plain is false if there may be others than those of ASCII.
func digitsOf(s string) (digits string, plain bool) {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 0x80:
			return b.String(), false
		case '0' <= c && c <= '9':
			b.WriteByte(c)
		}
	}
	return b.String(), true
}

// glance hands out of each phone of a row what the first pass counts, also of some that will be refused.
func (r reader) glance(row sheet.Row, do func(user string, kind phone.Type, ending string)) {
	if row.Problem != "" {
		return
	}
	user, wrong := userOf(r.columns.cell(row.Cells, User))
	if wrong != nil {
		return
	}
	for _, c := range r.cells(row) {
		if c.kind != "" {
			do(user, c.kind, ending(r.input(row, c), phone.Number{}))
		}
	}
}
