package phone

import (
	"errors"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

var (
	errTooShort = errors.New("numbers of this country are longer: see whether a digit is missing")
	errTooLong  = errors.New("numbers of this country are shorter: see whether there is a digit too many, " +
		"such as the zero that is dialled inside the country and left out after a country code")
	errNoSuchLength = errors.New("numbers of this country have another length: see whether the number is right")
)

// Plausible returns nil if numbers of this length exist in the country, as far as
// libphonenumber knows, and otherwise a fixed sentence for a warning. It is no
// ground to refuse a number: plans change before libraries do, and Graph decides.
// No number is plausible.
func (n Number) Plausible() error {
	if n.IsZero() {
		return nil
	}
	switch n.length() {
	case phonenumbers.IS_POSSIBLE:
		return nil
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return errTooShort
	case phonenumbers.TOO_LONG:
		return errTooLong
	default:
		return errNoSuchLength
	}
}

// length asks libphonenumber about the digits as they are. Its own parser would
// drop a trunk zero first.
func (n Number) length() phonenumbers.ValidationResult {
	d := n.digits()
	last := len(d.national) - 1
	significant := strings.TrimLeft(d.national[:last], "0") + d.national[last:]
	zeros := int32(len(d.national) - len(significant))
	hasZeros := zeros > 0
	country, _ := strconv.ParseInt(d.country, 10, 32)     // one to three digits
	national, _ := strconv.ParseUint(significant, 10, 64) // fourteen digits at most
	countryCode := int32(country)
	return phonenumbers.IsPossibleNumberWithReason(&phonenumbers.PhoneNumber{
		CountryCode:          &countryCode,
		NationalNumber:       &national,
		ItalianLeadingZero:   &hasZeros,
		NumberOfLeadingZeros: &zeros,
	})
}
