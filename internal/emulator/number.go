package emulator

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// The documented grammar is +{country code} {number}x{extension}. The form
// without the space is accepted by the real service too, and shown with it.
var (
	spacedNumber = regexp.MustCompile(`^\+([1-9]\d{0,2}) (\d{4,14})(?:x(\d{1,10}))?$`)
	plainNumber  = regexp.MustCompile(`^\+([1-9]\d{6,14})(?:x(\d{1,10}))?$`)
)

var callingCodes = phonenumbers.GetSupportedCallingCodes()

// canonicalNumber gives the form in which Graph shows a number, or false where it
// does not have the documented form.
func canonicalNumber(s string) (string, bool) {
	if m := spacedNumber.FindStringSubmatch(s); m != nil {
		code, err := strconv.Atoi(m[1])
		if err != nil || !callingCodes[code] || len(m[1])+len(m[2]) > 15 {
			return "", false
		}
		return s, true
	}
	m := plainNumber.FindStringSubmatch(s)
	if m == nil {
		return "", false
	}
	code, rest, ok := splitCallingCode(m[1])
	if !ok {
		return "", false
	}
	return "+" + code + " " + rest + s[1+len(m[1]):], true
}

// splitCallingCode finds the calling code at the start of digits. No calling code
// is the beginning of another, so the first match is the only one.
func splitCallingCode(digits string) (code, rest string, ok bool) {
	for n := 1; n <= 3 && n < len(digits); n++ {
		if c, err := strconv.Atoi(digits[:n]); err == nil && callingCodes[c] {
			return digits[:n], digits[n:], true
		}
	}
	return "", "", false
}

// isInPlan reports whether a number in Graph's form is one of its country's, as the
// assumption NumberPlan has it. Graph is seen to refuse some numbers in the right
// form; by which rule is not known.
func isInPlan(shown, plan string) bool {
	if plan == "grammar" {
		return true
	}
	number, _, _ := strings.Cut(shown, "x")
	parsed, err := phonenumbers.Parse(number, "")
	if err != nil || phonenumbers.IsPossibleNumberWithReason(parsed) != phonenumbers.IS_POSSIBLE {
		return false
	}
	return plan != "valid" || phonenumbers.IsValidNumber(parsed)
}

// withoutTrunkZero drops a zero after the country code, where the country uses it
// for calls within only.
func withoutTrunkZero(shown string) string {
	number, _, _ := strings.Cut(shown, "x")
	parsed, err := phonenumbers.Parse(number, "")
	code, rest, _ := strings.Cut(shown, " ")
	if err != nil || parsed.GetItalianLeadingZero() {
		return shown
	}
	return code + " " + strings.TrimPrefix(rest, "0")
}

func hasExtension(number string) bool { return strings.Contains(number, "x") }

// signInName is the form in which two numbers are compared for SMS sign-in.
func signInName(number string) string { return strings.ReplaceAll(number, " ", "") }

// masked hides a number as Graph does from readers of low rank. Which glyph the
// service uses is not published, so the caller chooses one.
func masked(number, glyph string) string {
	code, rest, ok := strings.Cut(number, " ")
	if !ok {
		code, rest = "", number
	}
	rest, _, _ = strings.Cut(rest, "x")
	keep := max(len(rest)-2, 0)
	return strings.TrimSpace(code + " " + strings.Repeat(glyph, keep) + rest[keep:])
}
