package phone

import (
	"errors"
	"strconv"
	"strings"
	"unique"

	"github.com/nyaruka/phonenumbers"
)

// What a number may be. E.164 allows 15 digits with the country code. The
// shortest national numbers in use have 4 (Niue, Saint Helena). Graph documents
// no length for an extension; 10 is what the schema of the API takes.
const (
	maxDigits    = 15
	minNational  = 4
	maxExtension = 10
	areaCode     = 3 // of the North American plan, where lists of countries show it beside the country code
)

// Number is one phone number with its extension. Numbers are equal (==) when
// they are the same number, however they were written. The zero value is no number.
type Number struct {
	handle unique.Handle[hidden]
}

// hidden is a second handle around the first: fmt follows one pointer when it
// prints a wrong verb, and never two.
type hidden struct {
	digits unique.Handle[digits]
}

// digits is a number taken apart. A trunk zero is a digit like any other: Graph
// keeps it, and in Italy it belongs to the number.
type digits struct {
	country, national, extension string
}

// What Parse refuses. The sentences are fixed and without digits: no part of the
// input, which may be somebody's number, finds a way into them.
var (
	errEmpty  = errors.New(`it is empty: write the number as "+<country code> <number>"`)
	errLines  = errors.New("there is more than one line: keep one number only")
	errHidden = errors.New("there are characters in it that cannot be seen or are not plain ASCII: write it anew as plain text")
	errQuoted = errors.New("there is an apostrophe in front, which spreadsheets put there: leave it out")
	errFloat  = errors.New("it is in scientific notation, as spreadsheets and templates write long numbers, and digits of it may be lost: write the whole number as text")
	errForm   = errors.New(`write the number as "+<country code> <number>", with "x<extension>" after it ` +
		`if it has one: digits only, and no space but the one after the country code`)
	errCountry   = errors.New("no country has this country code: begin with a plus sign and the country code")
	errSpace     = errors.New("the space is not where the country code ends: put it after the country code, or leave it out")
	errAreaCode  = errors.New("in North America and the Caribbean the country code is the first digit alone: put the space after it, or leave it out")
	errShort     = errors.New("the number is too short: after the country code come at least four digits")
	errLong      = errors.New("the number is too long: with the country code it has fifteen digits at most")
	errExtension = errors.New(`after the "x" comes the extension: one to ten digits`)
)

// Parse reads Graph's form, "+1 2065550100x123", and plain E.164, "+12065550100";
// the extension is optional in both, its x may be a capital. White space around
// the number is ignored: a Secret made from a file ends in a newline.
//
// The country code is found with libphonenumber's metadata, so both forms of one
// number are equal; a space in any other place is an error. Whether such a number
// is in use anywhere is not asked: see Plausible.
//
// An error is a fixed sentence that says what to do. It never holds the input.
func Parse(s string) (Number, error) {
	s = strings.TrimSpace(s)
	rest, ok := strings.CutPrefix(s, "+")
	switch {
	case s == "":
		return Number{}, errEmpty
	case strings.ContainsFunc(s, isHidden):
		return Number{}, errHidden
	case strings.ContainsAny(s, "\r\n"):
		return Number{}, errLines
	case strings.HasPrefix(s, "'"):
		return Number{}, errQuoted
	case isFloat(s):
		return Number{}, errFloat
	case !ok:
		return Number{}, errForm
	}
	var d digits
	if i := strings.IndexAny(rest, "xX"); i >= 0 {
		rest, d.extension = rest[:i], rest[i+1:]
		if !isDigits(d.extension) || len(d.extension) > maxExtension {
			return Number{}, errExtension
		}
	}
	before, after, spaced := strings.Cut(rest, " ")
	all := before + after
	if !isDigits(all) {
		return Number{}, errForm
	}
	d.country = countryCode(all)
	d.national = all[len(d.country):]
	switch {
	case d.country == "":
		return Number{}, errCountry
	case spaced && d.country == "1" && len(before) == len("1")+areaCode:
		return Number{}, errAreaCode
	case spaced && d.country != before:
		return Number{}, errSpace
	case len(d.national) < minNational:
		return Number{}, errShort
	case len(all) > maxDigits:
		return Number{}, errLong
	}
	return Number{unique.Make(hidden{unique.Make(d)})}, nil
}

// countryCode returns the country code that all begins with, or "". No code is
// the beginning of another.
func countryCode(all string) string {
	for n := 1; n <= min(phonenumbers.MAX_LENGTH_COUNTRY_CODE, len(all)); n++ {
		code, err := strconv.Atoi(all[:n])
		if err != nil || code == 0 {
			return "" // no country code begins with zero
		}
		if phonenumbers.GetRegionCodeForCountryCode(code) != phonenumbers.UNKNOWN_REGION {
			return all[:n]
		}
	}
	return ""
}

// isHidden reports whether r is in no number and not what it looks like, if it is seen at
// all: whatever is not printable ASCII. Line breaks have a sentence of their own.
func isHidden(r rune) bool { return (r < ' ' || r > '~') && r != '\n' && r != '\r' }

// isFloat reports whether s is a number in scientific notation, such as 1.2e+10.
func isFloat(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && strings.ContainsAny(s, "eE") && !strings.ContainsAny(s, "xX")
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// Graph returns the number as Graph writes it, unmasked: "+1 2065550100x123". It
// is for the request to Graph and for nothing that is logged or shown. No number
// is "".
func (n Number) Graph() string {
	if n.IsZero() {
		return ""
	}
	d := n.digits()
	s := "+" + d.country + " " + d.national
	if d.extension != "" {
		s += "x" + d.extension
	}
	return s
}

// digits takes the number apart. n is not zero.
func (n Number) digits() digits { return n.handle.Value().digits.Value() }

// HasExtension reports whether the number has one. Graph has use for an extension
// only with an office phone.
func (n Number) HasExtension() bool { return !n.IsZero() && n.digits().extension != "" }

// differsOnlyInTrunkZero reports whether one of two numbers is the other with a zero after
// the country code.
func (n Number) differsOnlyInTrunkZero(other Number) bool {
	if n.IsZero() || other.IsZero() {
		return false
	}
	a, b := n.digits(), other.digits()
	return a.country == b.country && a.extension == b.extension &&
		(a.national == "0"+b.national || b.national == "0"+a.national)
}

// IsZero reports whether n is no number.
func (n Number) IsZero() bool { return n == Number{} }
