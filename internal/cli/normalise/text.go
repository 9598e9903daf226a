package normalise

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// plain returns the text with what looks like ASCII written as ASCII: digits of other
// scripts, wide forms, every kind of space and dash. What cannot be seen is gone.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～': // the wide forms of ASCII
			r -= '！' - '!'
		case unicode.Is(unicode.Nd, r):
			return '0' + digit(r)
		}
		switch {
		case unicode.Is(unicode.Cf, r):
			return -1
		case r == '\n' || r == '\r':
			return '\n'
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Pd, r) || r == '−':
			return '-'
		default:
			return r
		}
	}, s)
	return strings.TrimSpace(s)
}

// digit is the value of a decimal digit of any script. Unicode keeps the ten of a
// script together, and begins each of its ranges of them with a zero.
func digit(r rune) rune {
	if r < 1<<16 {
		for _, in := range unicode.Nd.R16 {
			if rune(in.Lo) <= r && r <= rune(in.Hi) {
				return (r - rune(in.Lo)) % 10
			}
		}
	}
	for _, in := range unicode.Nd.R32 {
		if rune(in.Lo) <= r && r <= rune(in.Hi) {
			return (r - rune(in.Lo)) % 10
		}
	}
	return 0
}

// wraps are what programs put around a value.
var wraps = []struct{ before, after string }{{`="`, `"`}, {`["`, `"]`}, {`[`, `]`}, {`{`, `}`}, {`"`, `"`}, {`'`, `'`}}

// unwrap takes off what spreadsheets and exports put around a number to keep it text.
func unwrap(s string) string {
	for _, w := range wraps {
		if len(s) >= len(w.before)+len(w.after) && strings.HasPrefix(s, w.before) && strings.HasSuffix(s, w.after) {
			s = strings.TrimSpace(s[len(w.before) : len(s)-len(w.after)])
		}
	}
	return strings.TrimSpace(strings.TrimPrefix(s, "'"))
}

// placeholders are what people write where there is no phone.
var placeholders = []string{"", "-", "--", "---", ".", "?", "n/a", "na", "n.a.", "none", "null", "nil", "{}", "[]"}

func isPlaceholder(s string) bool { return slices.Contains(placeholders, strings.ToLower(s)) }

var (
	scientific = regexp.MustCompile(`(?i)^\+?\d+([.,]\d+)?e[+-]?\d+$`)
	thousands  = regexp.MustCompile(`^\+?\d{1,3}(,\d{3}){2,}$`)
	decimal    = regexp.MustCompile(`^\+?\d{7,}[.,]0+$`)
	typeName   = regexp.MustCompile(`(?i)^(system|microsoft)\.[a-z0-9_.]+(\[\])?$`)
	label      = regexp.MustCompile(`(?i)^(tel|telephone|telefon|phone|ph|mobile|mobil|mob|cell|handy|gsm|fon|office|work|m|t|p|o|w)\s*[.:]+\s*`)
	alone      = regexp.MustCompile(`(?i)^(x|ext\.?|extension|#|-|dw|durchwahl)\s*[.:]?\s*\d{1,6}$`)
	shortLine  = regexp.MustCompile(`^\d{1,5}$`)
	foreign    = regexp.MustCompile(`[^0-9+\-./() ]`)
	inner      = regexp.MustCompile(`\(\s*0\s*\)`)
	extension  = regexp.MustCompile(`(?i)^(.*[0-9)])\s*(?:;\s*ext\s*=|,?\s*(?:extension|extn|ext|durchwahl|dw|nebenstelle|nst|poste|anexo|interno|int|доб|x)\s*[.:]*|#)\s*([0-9]+)$`)
	dashed     = regexp.MustCompile(`^(.*[0-9)])\s*-\s*([0-9]{1,5})$`)
)

// checkCell refuses what no number can be read from, before anything is taken apart.
func checkCell(s string) *Refusal {
	switch {
	case scientific.MatchString(s):
		return errScientific
	case thousands.MatchString(s):
		return errThousands
	case typeName.MatchString(s):
		return errLost
	case strings.ContainsAny(s, "*•●"):
		return errMasked
	case alone.MatchString(s), shortLine.MatchString(s):
		return errOnlyExtension
	}
	return nil
}

// checkMain refuses what is left when label and extension are off and is not one number.
func checkMain(s string) *Refusal {
	switch {
	case strings.ContainsAny(s, ";|\n") || strings.Count(s, "+") > 1:
		return errTwo
	case foreign.MatchString(s):
		return errCharacters
	case strings.Contains(strings.TrimLeft(s, "( "), "+") && !strings.HasPrefix(strings.TrimLeft(s, "( "), "+"):
		return errTwo
	case len(digits(s)) == 0:
		return errCharacters
	}
	return checkSlashes(s)
}

// checkSlashes tells "089/1234567", an area code, from "12345678 / 12345679" and
// "1234567/68", two numbers.
func checkSlashes(s string) *Refusal {
	before, after, found := strings.Cut(s, "/")
	const areaCode, line = 8, 4 // the longest area code, with its country code; the shortest line
	if found && (strings.Contains(after, "/") || len(digits(before)) > areaCode || len(digits(after)) < line) {
		return errTwo
	}
	return nil
}

// digits are the digits of s alone.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
