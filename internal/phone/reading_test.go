package phone_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/internal/phone"
)

func TestCompare(t *testing.T) {
	for name, tc := range map[string]struct {
		shown, number string
		want          phone.Comparison
	}{
		"Graph's form":                        {"+1 2065550100", "+12065550100", phone.Equal},
		"no space":                            {"+12065550100", "+1 2065550100", phone.Equal},
		"national grouping":                   {"+1 (206) 555-0100", "+12065550100", phone.Equal},
		"grouping with dots and a slash":      {"+49 30/1234.567", "+49301234567", phone.Equal},
		"no-break spaces and long dashes":     {"+1\u00a0206–555—0100", "+12065550100", phone.Equal},
		"marks of writing direction":          {"\u200e+1 2065550100\u200e", "+12065550100", phone.Equal},
		"a space in a wrong place":            {"+12 065550100", "+12065550100", phone.Equal},
		"an extension":                        {"+1 2065550100x123", "+12065550100x123", phone.Equal},
		"a capital X before an extension":     {"+1 2065550100X123", "+12065550100x123", phone.Equal},
		"spaces around the x":                 {"+1 2065550100 x 123", "+12065550100x123", phone.Equal},
		"an extension that was not asked for": {"+1 2065550100x123", "+12065550100", phone.Different},
		"an extension that is missing":        {"+1 2065550100", "+12065550100x123", phone.Different},
		"another number":                      {"+1 2065550101", "+12065550100", phone.Different},
		"a trunk zero":                        {"+44 07700900123", "+447700900123", phone.Different},
		"a country code nobody knows":         {"+999 2065550100", "+12065550100", phone.Different},
		"too many digits to be a number":      {"+12065550100206555", "+12065550100", phone.Different},
		"stars":                               {"+1 ********00", "+12065550100", phone.Unknown},
		"stars that hide another number":      {"+1 ********11", "+12065550100", phone.Unknown},
		"capital X as a mask":                 {"+1 XXXXXXXX00", "+12065550100", phone.Unknown},
		"capital X in the middle":             {"+1 206XXX0100", "+12065550100", phone.Unknown},
		"one capital X for all that is gone":  {"+1 X00", "+12065550100", phone.Unknown},
		"one capital X after some digits":     {"+44 7700X23", "+447700900123", phone.Unknown},
		"a masked country code":               {"+XX XXXXXXX11", "+12065550100", phone.Unknown},
		"small x as a mask":                   {"+1 xxxxxxxx00", "+12065550100", phone.Unknown},
		"bullets":                             {"+1 ••••••••00", "+12065550100", phone.Unknown},
		"hashes":                              {"+1 ########00", "+12065550100", phone.Unknown},
		"a masked extension":                  {"+1 2065550100x***", "+12065550100x123", phone.Unknown},
		"an ellipsis":                         {"+1 …00", "+12065550100", phone.Unknown},
		"no plus":                             {"2065550100", "+12065550100", phone.Unknown},
		"nothing":                             {"", "+12065550100", phone.Unknown},
		"a word":                              {"none", "+12065550100", phone.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			if got := phone.Read(tc.shown).Compare(parse(t, tc.number)); got != tc.want {
				t.Errorf("Compare() = %v, want %v", got, tc.want)
			}
		})
	}
}

func TestDiffersOnlyInTrunkZero(t *testing.T) {
	for name, tc := range map[string]struct {
		shown, number string
		want          bool
	}{
		"shown with the zero":            {"+31 0612345678", "+31612345678", true},
		"shown without the zero":         {"+31 612345678", "+310612345678", true},
		"the zero in parentheses":        {"+44 (0)7700 900123", "+447700900123", true},
		"in Italy, where it belongs":     {"+39 612345678", "+390612345678", true},
		"with the same extension":        {"+44 02079460000x12", "+442079460000x12", true},
		"with another extension":         {"+44 02079460000x12", "+442079460000x1", false},
		"with an extension on one side":  {"+44 02079460000x12", "+442079460000", false},
		"the same number":                {"+31 612345678", "+31612345678", false},
		"two zeros":                      {"+31 00612345678", "+31612345678", false},
		"a zero at another place":        {"+31 6012345678", "+31612345678", false},
		"another last digit":             {"+31 0612345679", "+31612345678", false},
		"another country":                {"+32 0612345678", "+31612345678", false},
		"masked":                         {"+31 *********78", "+31612345678", false},
		"a country code that nobody has": {"+999 0612345678", "+31612345678", false},
		"nothing":                        {"", "+31612345678", false},
	} {
		t.Run(name, func(t *testing.T) {
			n := parse(t, tc.number)
			r := phone.Read(tc.shown)
			if got := r.DiffersOnlyInTrunkZero(n); got != tc.want {
				t.Errorf("DiffersOnlyInTrunkZero() = %v", got)
			}
			if tc.want && r.Compare(n) != phone.Different {
				t.Errorf("Compare() = %v", r.Compare(n))
			}
		})
	}
	if phone.Read("+31 0612345678").DiffersOnlyInTrunkZero(phone.Number{}) {
		t.Error("it is no number with a zero more")
	}
}

// For any number: a zero before its national part, and nothing else, is such a difference,
// whichever of the two is shown.
func TestATrunkZeroIsFoundFromBothSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		country := rapid.SampledFrom([]string{"1", "31", "39", "44", "354"}).Draw(t, "country")
		national := rapid.StringMatching(`[0-9]{4,11}`).Draw(t, "national")
		extension := rapid.StringMatching(`(x[0-9]{1,10})?`).Draw(t, "extension")
		other := rapid.StringMatching(`[0-9]{4,11}`).Draw(t, "other")
		with, without := "+"+country+" 0"+national+extension, "+"+country+" "+national+extension
		for shown, number := range map[string]string{with: without, without: with} {
			n, err := phone.Parse(number)
			if err != nil {
				t.Fatal(err)
			}
			if !phone.Read(shown).DiffersOnlyInTrunkZero(n) {
				t.Fatal("not found")
			}
		}
		n, err := phone.Parse(without)
		if err != nil {
			t.Fatal(err)
		}
		found := phone.Read("+" + country + " " + other + extension).DiffersOnlyInTrunkZero(n)
		if found != (other == "0"+national || national == "0"+other) {
			t.Fatalf("found = %v", found)
		}
	})
}

func TestReadingGivesOnlyWholeNumbers(t *testing.T) {
	want := parse(t, "+1 2065550100x123")
	if got, ok := phone.Read("+1 (206) 555-0100 x123").Number(); !ok || got != want {
		t.Errorf("Number() = %v, %v", got, ok)
	}
	for _, s := range []string{"", "+1 ********00", "+999 2065550100"} {
		if got, ok := phone.Read(s).Number(); ok || !got.IsZero() {
			t.Errorf("Read(%q) gives the number %q", s, got.Graph())
		}
	}
	if phone.Read("+12065550100") != phone.Read("+1 206 555 0100") {
		t.Error("two readings of one number differ")
	}
	if got := phone.Read("+1 2065550100").Compare(phone.Number{}); got != phone.Unknown {
		t.Errorf("compared with no number: %v", got)
	}
}

func TestAComparisonPrintsAsAWord(t *testing.T) {
	if got := fmt.Sprint(phone.Unknown, phone.Equal, phone.Different); got != "unknown equal different" {
		t.Errorf("prints %q", got)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"+1 (206) 555-0100 x12", "+1 XXXXXXXX00", "+1 X00", "+999 1234567", "\u200e+1", "x", "+", ""} {
		f.Add(s)
	}
	number, err := phone.Parse("+1 2065550100")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := phone.Read(s)
		n, whole := r.Number()
		switch r.Compare(number) {
		case phone.Equal:
			if n != number {
				t.Error("equal to another number than it holds")
			}
		case phone.Unknown:
			if whole {
				t.Error("a whole number does not tell")
			}
		case phone.Different:
		}
		if whole {
			if r.Compare(n) != phone.Equal {
				t.Error("not equal to the number it holds")
			}
			if r.Masked() != n.Masked() {
				t.Errorf("shows %q, its number %q", r.Masked(), n.Masked())
			}
			return
		}
		if strings.ContainsFunc(r.Masked(), unicode.IsDigit) {
			t.Errorf("shows digits of what it could not read: %q", r.Masked())
		}
	})
}
