package preview

import (
	"regexp"
	"strings"
)

// numberlike is whatever may be a phone number in a text of others, such as a policy that quotes what it refuses.
var numberlike = regexp.MustCompile(`\+?[0-9][0-9 ().\-/]{5,}[0-9]`)

// Masked hides in a text of others what may be a phone number, but for the last two digits.
func Masked(text string) string {
	return numberlike.ReplaceAllStringFunc(text, func(number string) string {
		shown := len(number) - 2
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return '*'
			}
			return r
		}, number[:shown]) + number[shown:]
	})
}
