package normalise_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/entraops/phone-operator/internal/cli/normalise"
	"github.com/entraops/phone-operator/internal/phone"
)

// FuzzNumber: whatever is in a cell, it ends in a number that package phone takes as it is,
// or in a refusal. Without a guess no digit is in the number that is not in the cell.
func FuzzNumber(f *testing.F) {
	for _, cell := range []string{
		"+1 2065550100", "+1 (206) 555-0100 ext. 148", "0044 (0)20 7946 0100", "+49 30 1234567-148", "020/79460100",
		"4.9E+12", "2,065,550,100", "2065550100.0", `="+12065550100"`, "System.String[]", "N/A", "x101", "(+44) 20 7946 0100",
		"011 44 20 7946 0100", "+1 2065550100;+1 2065550101", "+1 ٢٠٦٥٥٥٠١٠٠", "+", "00", "+(0)", "tel:+1-206-555-0100;ext=148",
	} {
		for _, region := range []string{"", "US", "GB", "DE", "AR"} {
			f.Add(cell, region, true)
			f.Add(cell, region, false)
		}
	}
	f.Fuzz(func(t *testing.T, cell, country string, office bool) {
		in := normalise.Input{Text: cell, Type: phone.Mobile}
		if office {
			in.Type = phone.Office
		}
		in.Region, _ = normalise.Region(country)
		got, err := normalise.Number(in)
		if err != nil {
			var refusal *normalise.Refusal
			if !errors.As(err, &refusal) || !got.Number.IsZero() {
				t.Fatalf("no refusal, or one with a number: %v", err)
			}
			return
		}
		if again, err := phone.Parse(got.Number.Graph()); err != nil || again != got.Number {
			t.Fatalf("package phone does not take %q: %v", got.Number.Graph(), err)
		}
		if got.Number.HasExtension() && !office {
			t.Fatal("a mobile has an extension")
		}
		if len(got.Guesses) == 0 && isASCII(cell) && !isSubsequence(digitsOf(got.Number.Graph()), digitsOf(cell)) {
			t.Fatalf("%q became %q without a guess", cell, got.Number.Graph())
		}
		for i, g := range got.Guesses {
			if slices.Contains(got.Guesses[:i], g) {
				t.Fatalf("guess %s is there twice", g)
			}
		}
	})
}

func isASCII(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r > '~' }) }

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// isSubsequence reports whether all of part is in whole, in order.
func isSubsequence(part, whole string) bool {
	for _, r := range part {
		i := strings.IndexRune(whole, r)
		if i < 0 {
			return false
		}
		whole = whole[i+1:]
	}
	return true
}
