package phone_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/entraops/phone-operator/internal/phone"
)

func TestParse(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"Graph's form":                        {"+1 2065550100", "+1 2065550100"},
		"plain E.164 is split":                {"+12065550100", "+1 2065550100"},
		"an extension":                        {"+1 2065550100x123", "+1 2065550100x123"},
		"an extension on E.164":               {"+12065550100x123", "+1 2065550100x123"},
		"a capital X":                         {"+1 2065550100X123", "+1 2065550100x123"},
		"an extension keeps its zeros":        {"+1 2065550100x007", "+1 2065550100x007"},
		"a trunk zero is kept":                {"+44 07700900123", "+44 07700900123"},
		"a trunk zero is kept in E.164":       {"+4407700900123", "+44 07700900123"},
		"a zero of the number itself":         {"+390612345678", "+39 0612345678"},
		"a country code of two digits":        {"+31612345678", "+31 612345678"},
		"a country code of three digits":      {"+3545550100", "+354 5550100"},
		"Russia and Kazakhstan share seven":   {"+77005550100", "+7 7005550100"},
		"a code that belongs to no country":   {"+80012345678", "+800 12345678"},
		"four national digits, as in Niue":    {"+6834123", "+683 4123"},
		"fifteen digits":                      {"+491234567890123", "+49 1234567890123"},
		"the newline of a Secret from a file": {"+1 2065550100\n", "+1 2065550100"},
		"a longer zero run":                   {"+39 0000", "+39 0000"},
		"an extension of ten digits is long":  {"+1 2065550100x1234567890", "+1 2065550100x1234567890"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := phone.Parse(tc.in)
			if err != nil {
				t.Fatal(err)
			}
			if got.Graph() != tc.want {
				t.Errorf("Graph() = %q, want %q", got.Graph(), tc.want)
			}
			if got.HasExtension() != strings.Contains(tc.want, "x") {
				t.Errorf("HasExtension() = %v", got.HasExtension())
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"nothing":                            {"", "it is empty"},
		"white space alone":                  {" \n", "it is empty"},
		"two numbers":                        {"+1 2065550100\n+1 2065550101", "more than one line"},
		"a byte order mark":                  {"\ufeff+1 2065550100", "cannot be seen"},
		"a zero-width space":                 {"+1 2065550100\u200b", "cannot be seen"},
		"UTF-16":                             {"\xff\xfe+\x001\x00 \x002\x00", "cannot be seen"},
		"a null byte":                        {"+1 2065550100\x00", "cannot be seen"},
		"no plus":                            {"12065550100", "write the number as"},
		"an international prefix":            {"0012065550100", "write the number as"},
		"a plus alone":                       {"+", "write the number as"},
		"dashes":                             {"+1 206-555-0100", "write the number as"},
		"a second space":                     {"+1 206 5550100", "write the number as"},
		"two spaces":                         {"+1  2065550100", "write the number as"},
		"parentheses":                        {"+1 (206)5550100", "write the number as"},
		"letters":                            {"+1 206555HELP", "write the number as"},
		"a masked number":                    {"+1 ********00", "write the number as"},
		"digits of another script":           {"+1 ٢٠٦٥٥٥٠١٠٠", "not plain ASCII"},
		"a no-break space":                   {"+1\u00a02065550100", "cannot be seen"},
		"a narrow no-break space":            {"+1\u202f2065550100", "cannot be seen"},
		"a no-break hyphen":                  {"+1\u20112065550100", "not plain ASCII"},
		"a variation selector of a PDF":      {"+1\ufe0d 2065550100", "cannot be seen"},
		"a Hangul filler":                    {"+1 206\u31645550100", "cannot be seen"},
		"a word joiner":                      {"+1 206\u20605550100", "cannot be seen"},
		"marks of writing direction":         {"\u202a+1 2065550100\u202c", "cannot be seen"},
		"a tab":                              {"+1\t2065550100", "cannot be seen"},
		"two numbers of an old Mac":          {"+1 2065550100\r+1 2065550101", "more than one line"},
		"an apostrophe of a spreadsheet":     {"'+12065550100", "an apostrophe in front"},
		"scientific notation":                {"1.20655501e+10", "scientific notation"},
		"scientific notation with a plus":    {"+1.20655501E10", "scientific notation"},
		"the Bahamas as lists write them":    {"+1242 3550100", "North America and the Caribbean"},
		"a country code that is none":        {"+2102065550100", "no country has"},
		"a country code of zero":             {"+02065550100", "no country has"},
		"half a country code":                {"+35", "no country has"},
		"a space inside the country code":    {"+4 47700900123", "the space is not"},
		"a space after the area code":        {"+1206 5550100", "put the space after it"},
		"a space in the area code":           {"+120 65550100", "the space is not"},
		"a space before everything":          {"+ 12065550100", "the space is not"},
		"a known code that is not this one":  {"+442 07946000", "the space is not"},
		"three national digits":              {"+1 206", "too short"},
		"a country code alone":               {"+1", "too short"},
		"sixteen digits":                     {"+4912345678901234", "too long"},
		"an x with nothing after it":         {"+1 2065550100x", `after the "x"`},
		"two extensions":                     {"+1 2065550100x1x2", `after the "x"`},
		"a space in the extension":           {"+1 2065550100x 12", `after the "x"`},
		"a twenty-first digit of extension":  {"+1 2065550100x123456789012345678901", `after the "x"`},
		"a masked number with capital X":     {"+1 XXXXXXXX00", `after the "x"`},
		"an extension before the whole rest": {"+x1", "write the number as"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := phone.Parse(tc.in)
			if err == nil {
				t.Fatalf("accepted as %q", got.Graph())
			}
			if !got.IsZero() {
				t.Error("a number came with the error")
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %q, want one with %q", err, tc.want)
			}
		})
	}
}

func TestTwoWritingsOfOneNumberAreEqual(t *testing.T) {
	spaced, e164 := parse(t, "+44 7700900123"), parse(t, "+447700900123")
	if spaced != e164 {
		t.Error("Graph's form and E.164 differ")
	}
	byNumber := map[phone.Number]bool{spaced: true}
	if !byNumber[e164] {
		t.Error("a map keyed by number does not find the other writing")
	}
	for name, other := range map[string]string{
		"a trunk zero":       "+44 07700900123",
		"an extension":       "+44 7700900123x1",
		"another last digit": "+44 7700900124",
	} {
		if spaced == parse(t, other) {
			t.Errorf("%s makes no difference", name)
		}
	}
	if parse(t, "+1 2065550100x1") == parse(t, "+1 2065550100x01") {
		t.Error("extensions with and without a zero are equal")
	}
}

func TestTypesAreInTheOrderGraphAcceptsCreation(t *testing.T) {
	want := []phone.Type{"mobile", "alternateMobile", "office"}
	if got := phone.Types(); !slices.Equal(got, want) {
		t.Errorf("Types() = %v", got)
	}
}

func TestTheZeroNumberIsNoNumber(t *testing.T) {
	var none phone.Number
	if !none.IsZero() || none.HasExtension() || none.Graph() != "" || none.Masked() != "" || none.Plausible() != nil {
		t.Errorf("no number shows as %q, plausible: %v", none.Masked(), none.Plausible())
	}
}

func TestPlausible(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"a whole number":                 {"+1 2065550100", ""},
		"a zero that belongs to it":      {"+39 0612345678", ""},
		"an extension plays no part":     {"+1 2065550100x123456", ""},
		"a number without its area code": {"+1 5550100", "are longer"},
		"a missing digit":                {"+1 206555010", "are longer"},
		"a trunk zero too many":          {"+44 07700900123", "are shorter"},
		"nothing but zeros":              {"+1 0000", "are longer"},
		"a digit too many":               {"+1 20655501000", "are shorter"},
		"a length between two that are":  {"+354 55501001", "another length"},
	} {
		t.Run(name, func(t *testing.T) {
			err := parse(t, tc.in).Plausible()
			if got := errorText(err); (tc.want == "") != (err == nil) || !strings.Contains(got, tc.want) {
				t.Errorf("Plausible() = %q, want one with %q", got, tc.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"+1 2065550100x123", "+12065550100", "+44 07700900123", "+x1", "+ 1", "+1 XXXX", "1", "+999999", "+1\n", "'+1", "+1e9", "+1\u00a0206", "+1242 3550100"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := phone.Parse(s)
		if err != nil {
			if strings.ContainsFunc(err.Error(), unicode.IsDigit) {
				t.Errorf("a digit in the error %q", err)
			}
			if odd := strings.ContainsFunc(strings.TrimSpace(s), oddRune); odd != strings.Contains(err.Error(), "plain ASCII") {
				t.Errorf("the error of %q is %q", s, err)
			}
			return
		}
		if strings.ContainsFunc(strings.TrimSpace(s), oddRune) {
			t.Errorf("%q is a number, with something in it that is none", s)
		}
		again, err := phone.Parse(n.Graph())
		if err != nil || again != n {
			t.Errorf("Parse(%q) of %q is another number: %v", n.Graph(), s, err)
		}
		e164 := strings.Replace(n.Graph(), " ", "", 1)
		if again, err := phone.Parse(e164); err != nil || again != n {
			t.Errorf("Parse(%q) of %q is another number: %v", e164, s, err)
		}
		if r := phone.Read(n.Graph()); r.Compare(n) != phone.Equal {
			t.Errorf("Read(%q) is %v to its own number", n.Graph(), r.Compare(n))
		}
		if err := n.Plausible(); err != nil && strings.ContainsFunc(err.Error(), unicode.IsDigit) {
			t.Errorf("a digit in the warning %q", err)
		}
	})
}

// oddRune reports whether r is neither printable ASCII nor a line break.
func oddRune(r rune) bool { return !strings.ContainsRune("\r\n", r) && (r < 0x20 || r > 0x7e) }

func parse(t *testing.T, s string) phone.Number {
	t.Helper()
	n, err := phone.Parse(s)
	if err != nil {
		t.Fatalf("Parse(%q): %v", s, err)
	}
	return n
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
