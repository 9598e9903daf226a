package normalise

import (
	"errors"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/entraops/phone-operator/internal/phone"
)

// parse has libphonenumber read a text of digits and punctuation, and finds out what it
// assumed. The error is a *Refusal.
func parse(main string, in Input) (reading, error) {
	text := strings.NewReplacer("(+", "+", "( +", "+").Replace(main)
	if rest, found := strings.CutPrefix(text, "00"); found {
		text = "+" + rest // in no country does a number begin with two zeros
	}
	text, r := withCalling(text, in.Calling)
	if r != nil {
		return reading{}, r
	}
	international := strings.HasPrefix(text, "+")
	if international {
		text = inner.ReplaceAllString(text, " ") // "+49 (0)30": the zero is for callers inside the country
	}
	region := phonenumbers.UNKNOWN_REGION
	switch {
	case in.Region != "":
		region = in.Region
	case !international:
		return reading{}, errNoCountry
	}
	n, err := phonenumbers.ParseAndKeepRawInput(text, region)
	if err != nil {
		return reading{}, refusalOf(err)
	}
	if r := checkLength(n); r != nil {
		return reading{}, r
	}
	if with := withPlus(n, text, in.Region); with != nil {
		switch {
		case !phonenumbers.IsValidNumber(n), in.Type != phone.Office && isMobile(with) && !isMobile(n):
			n = with
		case in.Type == phone.Office || isMobile(with) == isMobile(n):
			return reading{}, errPlusEither
		}
	}
	return reading{n, guessesOf(n, text, in)}, nil
}

// withPlus is what was read as a number of the region, read with its first digits as the country code; nil if that gives
// none of the region. Where national numbers are of many lengths, as in Germany, both readings may be numbers: libphonenumber
// takes the national one.
func withPlus(n *phonenumbers.PhoneNumber, text, region string) *phonenumbers.PhoneNumber {
	code := strconv.Itoa(phonenumbers.GetCountryCodeForRegion(region))
	if n.GetCountryCodeSource() != phonenumbers.PhoneNumber_FROM_DEFAULT_COUNTRY || !strings.HasPrefix(digits(text), code) {
		return nil
	}
	with, err := phonenumbers.ParseAndKeepRawInput("+"+digits(text), region)
	if err != nil || !phonenumbers.IsValidNumber(with) {
		return nil
	}
	source := phonenumbers.PhoneNumber_FROM_NUMBER_WITHOUT_PLUS_SIGN
	with.CountryCodeSource = &source
	return with
}

func isMobile(n *phonenumbers.PhoneNumber) bool {
	t := phonenumbers.GetNumberType(n)
	return t == phonenumbers.MOBILE || t == phonenumbers.FIXED_LINE_OR_MOBILE
}

// withCalling puts the country code of a column in front of a number that has none.
func withCalling(text, column string) (string, *Refusal) {
	code := strings.TrimLeft(digits(plain(column)), "0")
	switch {
	case code == "":
		return text, nil
	case !strings.HasPrefix(text, "+"):
		return "+" + code + " " + text, nil
	}
	n, err := strconv.Atoi(code)
	parsed, parseErr := phonenumbers.Parse(text, phonenumbers.UNKNOWN_REGION)
	if err != nil || parseErr != nil || int(parsed.GetCountryCode()) != n {
		return "", errNotCalled
	}
	return text, nil
}

func refusalOf(err error) *Refusal {
	switch {
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return errCountry
	case errors.Is(err, phonenumbers.ErrTooShortNSN), errors.Is(err, phonenumbers.ErrTooShortAfterIDD):
		return errShort
	case errors.Is(err, phonenumbers.ErrNumTooLong):
		return errLong
	default:
		return errLength
	}
}

func checkLength(n *phonenumbers.PhoneNumber) *Refusal {
	switch phonenumbers.IsPossibleNumberWithReason(n) {
	case phonenumbers.IS_POSSIBLE:
		return nil
	case phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return errNoArea
	case phonenumbers.TOO_SHORT:
		return errShort
	case phonenumbers.TOO_LONG:
		return errLong
	case phonenumbers.INVALID_COUNTRY_CODE:
		return errCountry
	default:
		return errLength
	}
}

// guessesOf compares what was read with what was written.
func guessesOf(n *phonenumbers.PhoneNumber, text string, in Input) (guesses []Guess) {
	written := digits(text)
	code, national := strconv.Itoa(int(n.GetCountryCode())), phonenumbers.GetNationalSignificantNumber(n)
	switch n.GetCountryCodeSource() {
	case phonenumbers.PhoneNumber_FROM_DEFAULT_COUNTRY:
		if in.Defaulted {
			guesses = append(guesses, CountryOfDefault)
		} else {
			guesses = append(guesses, CountryOfColumn)
		}
		if strings.TrimLeft(written, "0") != strings.TrimLeft(national, "0") && !hasTrunkPrefix(written, national, in.Region) {
			guesses = append(guesses, DigitsChanged)
		}
		return guesses
	case phonenumbers.PhoneNumber_FROM_NUMBER_WITHOUT_PLUS_SIGN:
		guesses = append(guesses, PlusMissing)
	default: // the number says its country itself
	}
	switch {
	case strings.HasSuffix(written, code+national): // with or without a prefix such as 011
	case strings.HasSuffix(written, code+"0"+national):
		guesses = append(guesses, ZeroDropped)
	default:
		guesses = append(guesses, DigitsChanged)
	}
	return guesses
}

// hasTrunkPrefix reports whether what was written is the national number after the
// prefix that is dialled inside the country, such as the 8 of Russia.
func hasTrunkPrefix(written, national, region string) bool {
	return written == phonenumbers.GetNddPrefixForRegion(region, true)+national
}
