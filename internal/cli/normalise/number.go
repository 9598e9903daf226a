package normalise

import (
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/entraops/phone-operator/internal/phone"
)

// Input is a cell and what its row tells about it. Text is personal data.
type Input struct {
	Text      string     // the cell
	Extension string     // a cell of its own, or ""
	Calling   string     // a country code of its own, such as "49" or "+49", or ""
	Type      phone.Type // only an office phone has an extension
	Region    string     // ISO 3166, two capitals: where the number is if it does not say so; "" is unknown
	Defaulted bool       // Region is not of the row
}

// Result is a number, and what was guessed to read it: no Guess twice, in a fixed order.
type Result struct {
	Number  phone.Number
	Guesses []Guess
}

// longestCell is in bytes. libphonenumber reads no longer text; a cell that is longer is a
// column of remarks, or the rest of a file after a quote that is never closed.
const longestCell = 250

// Number reads a cell. The error is a *Refusal; Empty is one too.
//
// What is in Graph's form or plain E.164 is taken as it is, trunk zero included: it comes
// from Graph, or from somebody who knew. Everything else goes through libphonenumber.
func Number(in Input) (Result, error) {
	if len(in.Text) > longestCell {
		return Result{}, errLong
	}
	text := unwrap(plain(in.Text))
	if isPlaceholder(text) {
		return Result{}, Empty
	}
	if n, err := phone.Parse(text); err == nil && digits(in.Extension) == "" && digits(in.Calling) == "" {
		return verbatim(n, in.Type)
	}
	if r := checkCell(text); r != nil {
		return Result{}, r
	}
	var guesses []Guess
	if decimal.MatchString(text) {
		text = text[:strings.LastIndexAny(text, ".,")]
		guesses = append(guesses, DecimalDropped)
	}
	main, ext, r := takeExtension(label.ReplaceAllString(text, ""), in)
	if r != nil {
		return Result{}, r
	}
	if r := checkMain(main); r != nil {
		return Result{}, r
	}
	n, err := readMain(main, ext, in)
	if err != nil {
		return Result{}, err
	}
	n.Guesses = append(guesses, n.Guesses...)
	return n, nil
}

// verbatim takes a number that needs no reading.
func verbatim(n phone.Number, t phone.Type) (Result, error) {
	if n.HasExtension() && t != phone.Office {
		return Result{}, errHasExtension
	}
	if n.Plausible() != nil {
		return Result{Number: n, Guesses: []Guess{Implausible}}, nil
	}
	parsed, err := phonenumbers.Parse(strings.ReplaceAll(n.Graph(), " ", ""), phonenumbers.UNKNOWN_REGION)
	if err != nil {
		return Result{Number: n, Guesses: []Guess{Implausible}}, nil
	}
	return Result{Number: n, Guesses: doubts(parsed, t)}, nil
}

// takeExtension parts the text from an extension that is called one.
func takeExtension(text string, in Input) (main, ext string, r *Refusal) {
	if m := extension.FindStringSubmatch(text); m != nil {
		text, ext = m[1], m[2]
	}
	if column := strings.TrimLeft(plain(in.Extension), "xX# "); column != "" && !isPlaceholder(column) {
		switch {
		case ext != "" && ext != column:
			return "", "", errTwice
		case digits(column) != column:
			return "", "", errExtension
		}
		ext = column
	}
	const longest = 10 // as phone.Parse has it
	switch {
	case len(ext) > longest:
		return "", "", errExtension
	case ext != "" && in.Type != phone.Office:
		return "", "", errHasExtension
	}
	return text, ext, nil
}

// readMain reads the text without its extension. A last group of few digits after a dash
// is looked at first: in "+49 30 1234567-148" it is an extension, in "206-555-0100" not.
func readMain(main, ext string, in Input) (Result, error) {
	whole, err := parse(main, in)
	m := dashed.FindStringSubmatch(main)
	if ext != "" || m == nil {
		return whole.result(ext, in.Type, err)
	}
	base, baseErr := parse(m[1], in)
	switch {
	case baseErr != nil || !phonenumbers.IsValidNumber(base.number):
		return whole.result("", in.Type, err)
	case in.Type == phone.Office:
		base.guesses = append(base.guesses, DashExtension)
		return base.result(m[2], in.Type, nil)
	case err == nil && phonenumbers.IsValidNumber(whole.number):
		return Result{}, errEither
	default:
		return Result{}, errHasExtension
	}
}

// reading is a number as libphonenumber has it.
type reading struct {
	number  *phonenumbers.PhoneNumber
	guesses []Guess
}

// result is the reading with its extension, checked once more by package phone.
func (r reading) result(ext string, t phone.Type, err error) (Result, error) {
	if err != nil {
		return Result{}, err
	}
	s := "+" + strconv.Itoa(int(r.number.GetCountryCode())) + " " + phonenumbers.GetNationalSignificantNumber(r.number)
	if ext != "" {
		s += "x" + ext
	}
	n, err := phone.Parse(s)
	if err != nil {
		return Result{}, errLength
	}
	return Result{Number: n, Guesses: append(r.guesses, doubts(r.number, t)...)}, nil
}

// doubts are what a number that could be read makes one doubt.
func doubts(n *phonenumbers.PhoneNumber, t phone.Type) []Guess {
	if !phonenumbers.IsValidNumber(n) {
		return []Guess{UnknownRange}
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.TOLL_FREE:
		return []Guess{SpecialRate}
	case phonenumbers.FIXED_LINE:
		if t != phone.Office {
			return []Guess{FixedLine}
		}
	default: // the others may be what they are said to be
	}
	return nil
}
