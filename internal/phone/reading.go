package phone

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unicode"
)

// Reading is what a server shows for a number. It holds the number if that could
// be read. Of a masked number, or a text that is none, it holds only that it is
// one: what it does not hold it cannot show. The zero value could not be read.
type Reading struct {
	number Number
	kind   readingKind
}

type readingKind uint8

const (
	unreadable readingKind = iota // masked, empty, or no number at all
	foreign                       // all its digits are there, and no Number has them
	exact
)

// Comparison is what a reading says about a number.
type Comparison int

// The outcomes of Compare.
const (
	Unknown   Comparison = iota // the reading does not tell: no ground to write
	Equal                       // the same digits and the same extension
	Different                   // another number, certainly
)

// String returns the outcome as a word.
func (c Comparison) String() string {
	switch c {
	case Equal:
		return "equal"
	case Different:
		return "different"
	default:
		return "unknown"
	}
}

// unshown is all that is shown of what could not be read.
const unshown = "********"

// Read takes what a server shows. It is tolerant where servers are known to
// reformat: white space, dashes, dots, slashes and parentheses are ignored, wherever they
// stand. Graph shows masked numbers to some callers and does not say with which
// glyphs; so anything else beside the digits makes the reading one that does not
// tell. An X after a number that is complete for its country begins an extension.
func Read(s string) Reading {
	compact := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.In(r, unicode.Pd, unicode.Cf) || strings.ContainsRune("()./", r) {
			return -1
		}
		return r
	}, s)
	n, err := Parse(compact)
	switch {
	case err == nil && strings.Contains(compact, "X") && errors.Is(n.Plausible(), errTooShort):
		return Reading{} // "+44 7700X00": the X stands for digits
	case err == nil:
		return Reading{number: n, kind: exact}
	case strings.HasPrefix(compact, "+") && isDigits(compact[1:]):
		return Reading{kind: foreign}
	default:
		return Reading{}
	}
}

// Compare reports whether the server shows n. A reading without its digits is
// Unknown, and so is every comparison with no number.
func (r Reading) Compare(n Number) Comparison {
	switch {
	case r.kind == unreadable || n.IsZero():
		return Unknown
	case r.number == n:
		return Equal
	default:
		return Different
	}
}

// DiffersOnlyInTrunkZero reports whether the server shows n with a zero after the country
// code that n does not have, or without one that n has. To people in most countries that
// is the same phone; to Graph, and to Compare, it is another number.
func (r Reading) DiffersOnlyInTrunkZero(n Number) bool {
	return r.kind == exact && r.number.differsOnlyInTrunkZero(n)
}

// What two spellings of one number have in common at least, and how many digits before
// that one has and the other does not at most: a trunk prefix ("0", "06"), or what some
// countries put before mobile numbers.
const (
	minLine   = 6
	maxPrefix = 2
)

// Respells reports whether the server shows n with other digits that reach the same
// line: the country code and the extension are the same, and one national number is the
// end of the other. Such is a number with and without a trunk zero, or a prefix of
// mobile phones. Whoever wrote n would change nothing by writing it once more.
func (r Reading) Respells(n Number) bool {
	if r.Compare(n) != Different || r.kind != exact {
		return false
	}
	a, b := r.number.digits(), n.digits()
	longer, shorter := a.national, b.national
	if len(longer) < len(shorter) {
		longer, shorter = shorter, longer
	}
	return a.country == b.country && a.extension == b.extension && len(shorter) >= minLine &&
		len(longer)-len(shorter) <= maxPrefix && strings.HasSuffix(longer, shorter)
}

// Number returns the number, if the reading is one with all its digits.
func (r Reading) Number() (Number, bool) { return r.number, r.kind == exact }

// Masked returns what may be shown: the masked number, or only stars if the
// reading is no number.
func (r Reading) Masked() string {
	if r.kind == exact {
		return r.number.Masked()
	}
	return unshown
}

// String returns Masked.
func (r Reading) String() string { return r.Masked() }

// GoString returns Masked.
func (r Reading) GoString() string { return r.Masked() }

// Format writes Masked whatever the verb.
func (r Reading) Format(f fmt.State, verb rune) { formatMasked(f, verb, r.Masked()) }

// MarshalLog gives logr Masked.
func (r Reading) MarshalLog() any { return r.Masked() }

// LogValue gives slog Masked.
func (r Reading) LogValue() slog.Value { return slog.StringValue(r.Masked()) }

// MarshalJSON writes Masked.
func (r Reading) MarshalJSON() ([]byte, error) { return json.Marshal(r.Masked()) }

// MarshalText writes Masked.
func (r Reading) MarshalText() ([]byte, error) { return []byte(r.Masked()), nil }
