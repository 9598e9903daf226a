package access

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestGlob(t *testing.T) {
	const guest = "o'neil_fabrikam.com#EXT#@contoso.onmicrosoft.com"
	for name, tc := range map[string]struct {
		pattern, upn string
		want         bool
	}{
		"the name itself":                             {"ada@contoso.com", "ada@contoso.com", true},
		"the name itself in capitals":                 {"ada@contoso.com", "ADA@Contoso.COM", true},
		"a pattern in capitals":                       {"ADA@CONTOSO.COM", "ada@contoso.com", true},
		"all letters, from A to Z":                    {"AZ@contoso.com", "az@CONTOSO.COM", true},
		"only the whole name":                         {"ada@contoso.com", "ada@contoso.com.evil.example", false},
		"only the whole name, at its beginning":       {"ada@contoso.com", "x-ada@contoso.com", false},
		"a domain":                                    {"*@contoso.com", "ada@contoso.com", true},
		"a domain that only ends so":                  {"*@contoso.com", "ada@notcontoso.com", false},
		"a domain that only begins so":                {"*@contoso.com", "ada@contoso.com.evil.example", false},
		"a subdomain is another domain":               {"*@contoso.com", "ada@sub.contoso.com", false},
		"a dot is a dot":                              {"*@contoso.com", "ada@contoso-com", false},
		"a star alone":                                {"*", guest, true},
		"two stars are one":                           {"**", "ada@contoso.com", true},
		"a star stands for nothing too":               {"ada*@contoso.com", "ada@contoso.com", true},
		"stars in the middle":                         {"a*.l*@contoso.com", "ada.lovelace@contoso.com", true},
		"texts in the wrong order":                    {"*lovelace*ada*", "ada.lovelace@contoso.com", false},
		"the end is not counted twice":                {"a*aa", "aa", false},
		"the last text is the last occurrence":        {"*com", "com@contoso.com", true},
		"a middle text that comes late and once":      {"*aab*c", "aaaab-c", true},
		"a guest":                                     {"*#EXT#@contoso.onmicrosoft.com", guest, true},
		"an apostrophe":                               {"o'neil*", guest, true},
		"a dollar sign is a dollar sign":              {"$svc*@contoso.com", "$svc-1@contoso.com", true},
		"a dollar sign in front is another name":      {"svc@contoso.com", "$svc@contoso.com", false},
		"and a name without it is another one":        {"$svc@contoso.com", "svc@contoso.com", false},
		"a question mark is a question mark":          {"ad?@contoso.com", "ada@contoso.com", false},
		"brackets are brackets":                       {"[ab]da@contoso.com", "ada@contoso.com", false},
		"a backslash is a backslash":                  {`\ada@contoso.com`, "ada@contoso.com", false},
		"an empty pattern is no name":                 {"", "ada@contoso.com", false},
		"the Kelvin sign is no k":                     {"kim@contoso.com", "\u212Aim@contoso.com", false},
		"the long s is no s":                          {"*@contoso.com", "ada@conto\u017Fo.com", false},
		"letters beyond ASCII are told apart by case": {"ø@contoso.com", "Ø@contoso.com", false},
		"letters beyond ASCII stand for themselves":   {"Ø@contoso.com", "Ø@contoso.com", true},
		"a star in the name is not a pattern there":   {"ada@contoso.com", "*@contoso.com", false},
		"@ is under the star: name local and domain":  {"ada*", "ada@evil.example", true},
		"bytes that are no text are told apart":       {"\xff@contoso.com", "\xfe@contoso.com", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := compileGlobs([]string{tc.pattern})[0].matches(foldASCII(tc.upn)); got != tc.want {
				t.Errorf("%q matches %q: %t, want %t", tc.pattern, tc.upn, got, tc.want)
			}
		})
	}
}

func TestGlobIsWhatARegularExpressionSays(t *testing.T) {
	// Few letters, so that texts occur twice, overlap and match by half.
	text := rapid.StringMatching(`[abA.@*]{0,12}`)
	rapid.Check(t, func(t *rapid.T) { agree(t, text.Draw(t, "pattern"), text.Draw(t, "name")) })
}

func FuzzGlob(f *testing.F) {
	f.Add("*@contoso.com", "ada@contoso.com")
	f.Add("*#EXT#@*", "ada_fabrikam.com#EXT#@contoso.onmicrosoft.com")
	f.Add("a*a*a*a*a*b", strings.Repeat("a", 1000))
	f.Add("k", "\u212A")
	f.Add("\xff*", "\xff")
	f.Fuzz(func(t *testing.T, pattern, s string) { agree(t, pattern, s) })
}

// agree compares with a regular expression of the same meaning, byte for byte, so that what
// is no UTF-8 is compared too.
func agree(t interface{ Errorf(string, ...any) }, pattern, s string) {
	got := compileGlobs([]string{pattern})[0].matches(foldASCII(s))
	expression := strings.ReplaceAll(regexp.QuoteMeta(latin1(pattern)), `\*`, `.*`)
	if want := regexp.MustCompile(`(?s)^` + expression + `$`).MatchString(latin1(s)); got != want {
		t.Errorf("%q matches %q: %t, want %t", pattern, s, got, want)
	}
}

// latin1 makes a rune of each byte, ASCII capitals folded.
func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		if runes[i] = rune(s[i]); s[i] <= unicode.MaxASCII {
			runes[i] = unicode.ToLower(runes[i])
		}
	}
	return string(runes)
}
