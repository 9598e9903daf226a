package normalise

// Guess is one thing that was assumed to read a number. A person is to look at it.
type Guess string

// The guesses. The words are for programs, and stay.
const (
	CountryOfColumn  Guess = "CountryOfColumn"  // the country is that of a column, such as usageLocation
	CountryOfDefault Guess = "CountryOfDefault" // the country is that of --default-region
	PlusMissing      Guess = "PlusMissing"      // the first digits were taken for the country code
	ZeroDropped      Guess = "ZeroDropped"      // a zero after the country code was left out
	DigitsChanged    Guess = "DigitsChanged"    // libphonenumber wrote it with other digits than the cell has
	DashExtension    Guess = "DashExtension"    // "-148" was taken for an extension
	DecimalDropped   Guess = "DecimalDropped"   // ".0" was left out
	UnknownRange     Guess = "UnknownRange"     // the length is right, and no such range of numbers is known
	Implausible      Guess = "Implausible"      // it was kept as written, and no number of that length is known
	FixedLine        Guess = "FixedLine"        // it is a fixed line where a mobile is meant
	SpecialRate      Guess = "SpecialRate"      // it is a premium-rate, shared-cost or toll-free number
)

// Guesses are all of them.
func Guesses() []Guess {
	return []Guess{CountryOfColumn, CountryOfDefault, PlusMissing, ZeroDropped, DigitsChanged, DashExtension, DecimalDropped, UnknownRange, Implausible, FixedLine, SpecialRate}
}

// String is a sentence for the person who looks at it. It has no digits of the number.
func (g Guess) String() string {
	switch g {
	case CountryOfColumn:
		return "the country is taken from the row's column"
	case CountryOfDefault:
		return "the country is taken from --default-region"
	case PlusMissing:
		return "the first digits are taken for the country code, although there is no plus sign"
	case ZeroDropped:
		return "the zero after the country code is left out"
	case DigitsChanged:
		return "libphonenumber writes this number with other digits than the cell has"
	case DashExtension:
		return "the digits after the last dash are taken for an extension"
	case DecimalDropped:
		return "the decimal .0 at the end is left out"
	case UnknownRange:
		return "the length is right, but no such range of numbers is known"
	case Implausible:
		return "it is kept as written, but no numbers of this length are known in the country"
	case FixedLine:
		return "this is a fixed line, which gets no text messages"
	case SpecialRate:
		return "this is a premium-rate, shared-cost or toll-free number"
	default:
		return string(g)
	}
}

// Refusal is why a cell is not read. It never holds anything of the cell.
type Refusal struct {
	Reason   string // one word for programs
	Sentence string // what is wrong, and what to do
}

// Error is the sentence.
func (r *Refusal) Error() string { return r.Sentence }

// The refusals.
var (
	Empty = &Refusal{"Empty", "the cell is empty"}

	errScientific = &Refusal{"ScientificNotation", "a spreadsheet wrote it in scientific notation and digits are lost: " +
		"format the column as text in the source and export again"}
	errThousands = &Refusal{"ThousandsSeparators", "a spreadsheet put thousands separators into it: " +
		"format the column as text and export again"}
	errLost = &Refusal{"ValueLost", "the export wrote the name of a type in place of the value: in PowerShell select " +
		"@{n='BusinessPhones';e={$_.BusinessPhones -join ';'}} and export again"}
	errTwo           = &Refusal{"TwoNumbers", "there seems to be more than one number in the cell: keep one"}
	errCharacters    = &Refusal{"Characters", "there are letters or characters in it that belong to no number: write the digits only"}
	errMasked        = &Refusal{"Masked", "it is masked: export the whole number"}
	errOnlyExtension = &Refusal{"OnlyExtension", "it is an extension without the number in front: write the whole number"}
	errNoCountry     = &Refusal{"NoCountry", "it has no country code, and the row tells no country: give --default-region, or a column " +
		"such as usageLocation"}
	errCountry   = &Refusal{"UnknownCountry", "no country has this country code"}
	errNotCalled = &Refusal{"OtherCountryCode", "its country code is not the one in the row's column of country codes: correct one of the two"}
	errShort     = &Refusal{"TooShort", "it is too short for its country: see whether a digit is missing"}
	errLong      = &Refusal{"TooLong", "it is too long for its country: see whether there is a digit too many, a second number or an extension"}
	errLength    = &Refusal{"Length", "numbers of its country have another length: see whether it is right"}
	errNoArea    = &Refusal{"NoAreaCode", "the area code is missing"}
	errEither    = &Refusal{"DashEither", "the digits after the last dash may belong to the number or be an extension: write it without the dash, " +
		"or drop the extension"}
	errPlusEither = &Refusal{"PlusEither", "the first digits may be the country code or the area code: write it with a plus, or with the zero " +
		"in front of the area code"}
	errHasExtension = &Refusal{"ExtensionOnMobile", "it has an extension, which only an office phone can have"}
	errExtension    = &Refusal{"Extension", "the extension is not one to ten digits"}
	errTwice        = &Refusal{"ExtensionTwice", "it has an extension, and the row's column of extensions has another one"}
)
