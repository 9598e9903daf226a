package preview

import (
	"errors"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// numberlike is whatever may be a phone number in a text of others, such as a policy that quotes what it refuses.
var numberlike = regexp.MustCompile(`\+?[0-9][0-9 ().\-/]{5,}[0-9]`)

// countryCode is how a number begins that shows where its country code ends.
var countryCode = regexp.MustCompile(`^\+[0-9]{1,3} `)

// Masked hides in a text of others what may be a phone number, but for the country code and the last two digits.
func Masked(text string) string {
	return numberlike.ReplaceAllStringFunc(text, func(number string) string {
		country := countryCode.FindString(number)
		rest := number[len(country):]
		hidden := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return '*'
			}
			return r
		}, rest[:len(rest)-2])
		return country + hidden + rest[len(rest)-2:]
	})
}

// refusalOf says in a few words what the API server did not like.
func refusalOf(err error) string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil || len(status.Status().Details.Causes) == 0 {
		return Masked(err.Error())
	}
	var said []string
	for _, c := range status.Status().Details.Causes {
		said = append(said, strings.TrimPrefix(c.Field+": ", ": ")+strings.TrimPrefix(c.Message, "Invalid value: "))
	}
	return Masked(strings.Join(said, "; "))
}
