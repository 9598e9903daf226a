package normalise_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/entraops/phone-operator/internal/cli/normalise"
	"github.com/entraops/phone-operator/internal/phone"
)

func TestNumber(t *testing.T) {
	type guesses = []normalise.Guess
	for name, tc := range map[string]struct {
		in      normalise.Input
		want    string
		guesses guesses
	}{
		"Graph's form":                     {normalise.Input{Text: "+1 2065550100"}, "+1 2065550100", nil},
		"E.164":                            {normalise.Input{Text: "+12065550100"}, "+1 2065550100", nil},
		"punctuation":                      {normalise.Input{Text: "+1 (206) 555-0100"}, "+1 2065550100", nil},
		"an international prefix":          {normalise.Input{Text: "0044 20 7946 0100", Type: phone.Office}, "+44 2079460100", nil},
		"a zero in parentheses":            {normalise.Input{Text: "+44 (0)20 7946 0100", Type: phone.Office}, "+44 2079460100", nil},
		"a zero after the country code":    {normalise.Input{Text: "+44 020 7946 0100", Type: phone.Office}, "+44 2079460100", guesses{normalise.ZeroDropped}},
		"a no-break space and hyphen":      {normalise.Input{Text: "+1\u00a0206\u2011555\u20110100"}, "+1 2065550100", nil},
		"marks of writing direction":       {normalise.Input{Text: "\u202a+1 2065550100\u202c"}, "+1 2065550100", nil},
		"digits of another script":         {normalise.Input{Text: "+1 ٢٠٦٥٥٥٠١٠٠"}, "+1 2065550100", nil},
		"wide digits":                      {normalise.Input{Text: "＋１ ２０６ ５５５ ０１００"}, "+1 2065550100", nil},
		"a formula of a spreadsheet":       {normalise.Input{Text: `="+12065550100"`}, "+1 2065550100", nil},
		"an apostrophe of a spreadsheet":   {normalise.Input{Text: "'+12065550100"}, "+1 2065550100", nil},
		"a label":                          {normalise.Input{Text: "Mobile: +1 206 555 0100"}, "+1 2065550100", nil},
		"a URI":                            {normalise.Input{Text: "tel:+1-206-555-0100"}, "+1 2065550100", nil},
		"a country of the row":             {normalise.Input{Text: "(206) 555-0100", Region: "US"}, "+1 2065550100", guesses{normalise.CountryOfColumn}},
		"a default country":                {normalise.Input{Text: "020 7946 0100", Region: "GB", Defaulted: true, Type: phone.Office}, "+44 2079460100", guesses{normalise.CountryOfDefault}},
		"an area code before a slash":      {normalise.Input{Text: "020/79460100", Region: "GB", Type: phone.Office}, "+44 2079460100", guesses{normalise.CountryOfColumn}},
		"a country code without a plus":    {normalise.Input{Text: "442079460100", Region: "GB", Type: phone.Office}, "+44 2079460100", guesses{normalise.PlusMissing}},
		"a mobile without a plus":          {normalise.Input{Text: "491713920012", Region: "DE"}, "+49 1713920012", guesses{normalise.PlusMissing}},
		"a mobile with a trunk zero":       {normalise.Input{Text: "0171 3920012", Region: "DE"}, "+49 1713920012", guesses{normalise.CountryOfColumn}},
		"an area code like the country's":  {normalise.Input{Text: "04917 139200", Region: "DE", Type: phone.Office}, "+49 4917139200", guesses{normalise.CountryOfColumn}},
		"an area code that there is not":   {normalise.Input{Text: "49301234567", Region: "DE", Type: phone.Office}, "+49 301234567", guesses{normalise.PlusMissing}},
		"a country code of its own column": {normalise.Input{Text: "206 555 0100", Calling: "1"}, "+1 2065550100", nil},
		"a decimal of a data frame":        {normalise.Input{Text: "2065550100.0", Region: "US"}, "+1 2065550100", guesses{normalise.DecimalDropped, normalise.CountryOfColumn}},
		"a zero that belongs to it":        {normalise.Input{Text: "+39 06 1234 5678", Type: phone.Office}, "+39 0612345678", nil},
		"a trunk zero that Graph keeps":    {normalise.Input{Text: "+44 02079460100", Type: phone.Office}, "+44 02079460100", guesses{normalise.Implausible}},
		"an extension":                     {normalise.Input{Text: "+1 206 555 0100 ext. 148", Type: phone.Office}, "+1 2065550100x148", nil},
		"an extension of RFC 3966":         {normalise.Input{Text: "tel:+1-206-555-0100;ext=148", Type: phone.Office}, "+1 2065550100x148", nil},
		"an extension of its own column":   {normalise.Input{Text: "+1 2065550100", Extension: "148", Type: phone.Office}, "+1 2065550100x148", nil},
		"an extension after a dash":        {normalise.Input{Text: "+1 206 555 0100-148", Type: phone.Office}, "+1 2065550100x148", guesses{normalise.DashExtension}},
		"a German extension after a dash":  {normalise.Input{Text: "+49 30 1234567-148", Type: phone.Office}, "+49 301234567x148", guesses{normalise.DashExtension}},
		"a fixed line as a mobile":         {normalise.Input{Text: "+44 2079460100"}, "+44 2079460100", guesses{normalise.FixedLine}},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.in.Type == "" {
				tc.in.Type = phone.Mobile
			}
			got, err := normalise.Number(tc.in)
			if err != nil {
				t.Fatal(err)
			}
			if got.Number.Graph() != tc.want || !slices.Equal(got.Guesses, tc.guesses) {
				t.Errorf("got %q with %q, want %q with %q", got.Number.Graph(), got.Guesses, tc.want, tc.guesses)
			}
		})
	}
}

func TestNumberRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		in   normalise.Input
		want string
	}{
		"nothing":                          {normalise.Input{Text: " \u00a0"}, "Empty"},
		"a word for nothing":               {normalise.Input{Text: "N/A"}, "Empty"},
		"scientific notation":              {normalise.Input{Text: "4.9E+12", Region: "DE"}, "ScientificNotation"},
		"scientific notation with a comma": {normalise.Input{Text: "4,91516E+12", Region: "DE"}, "ScientificNotation"},
		"thousands separators":             {normalise.Input{Text: "2,065,550,100", Region: "US"}, "ThousandsSeparators"},
		"a type of PowerShell":             {normalise.Input{Text: "System.String[]"}, "ValueLost"},
		"a plus or a zero that is missing": {normalise.Input{Text: "4917 13920012", Region: "DE", Type: phone.Office}, "PlusEither"},
		"two numbers":                      {normalise.Input{Text: "+1 2065550100; +1 2065550101"}, "TwoNumbers"},
		"two numbers and a slash":          {normalise.Input{Text: "2065550100 / 2065550101", Region: "US"}, "TwoNumbers"},
		"two endings":                      {normalise.Input{Text: "020 7946 0100/01", Region: "GB"}, "TwoNumbers"},
		"letters":                          {normalise.Input{Text: "1-800-FLOWERS", Region: "US"}, "Characters"},
		"a masked number":                  {normalise.Input{Text: "+1 ********00"}, "Masked"},
		"an extension alone":               {normalise.Input{Text: "x101", Type: phone.Office}, "OnlyExtension"},
		"a dash and an extension":          {normalise.Input{Text: "-148", Region: "DE", Type: phone.Office}, "OnlyExtension"},
		"no country":                       {normalise.Input{Text: "206 555 0100"}, "NoCountry"},
		"a country code that is none":      {normalise.Input{Text: "+210 206 555 0100"}, "UnknownCountry"},
		"another country code":             {normalise.Input{Text: "+44 20 7946 0100", Calling: "1"}, "OtherCountryCode"},
		"no area code":                     {normalise.Input{Text: "555-0100", Region: "US"}, "NoAreaCode"},
		"a digit too many":                 {normalise.Input{Text: "+1 206 555 01000"}, "TooLong"},
		"a column of remarks":              {normalise.Input{Text: strings.Repeat(" ", 250) + "+1 2065550100"}, "TooLong"},
		"a digit too few":                  {normalise.Input{Text: "+1 206 555 010"}, "TooShort"},
		"an extension on a mobile":         {normalise.Input{Text: "+1 2065550100x148"}, "ExtensionOnMobile"},
		"a dash extension on a mobile":     {normalise.Input{Text: "+1 206 555 0100-148"}, "ExtensionOnMobile"},
		"two extensions":                   {normalise.Input{Text: "+1 206 555 0100 x1", Extension: "2", Type: phone.Office}, "ExtensionTwice"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.in.Type == "" {
				tc.in.Type = phone.Mobile
			}
			got, err := normalise.Number(tc.in)
			var refusal *normalise.Refusal
			if !errors.As(err, &refusal) || refusal.Reason != tc.want {
				t.Errorf("got %q, %v, want %s", got.Number.Graph(), err, tc.want)
			}
		})
	}
}

func TestRegion(t *testing.T) {
	for cell, want := range map[string]string{
		"DE": "DE", " de ": "DE", "DEU": "DE", "Germany": "DE", "Deutschland": "DE", "Allemagne": "DE", "UK": "GB", "USA": "US",
		"Österreich": "AT", "Berlin": "", "": "", "49": "", "XX": "", "840": "",
	} {
		if got, ok := normalise.Region(cell); got != want && ok || ok != (want != "") {
			t.Errorf("Region(%q) = %q, %v, want %q", cell, got, ok, want)
		}
	}
}
