package preview

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// numberlike is whatever may be a phone number in a text of others, such as a policy that quotes what it refuses.
// It has seven digits or more, in whatever script, with little and no letters between them.
var numberlike = regexp.MustCompile(`\+?\p{Nd}(?:[^\p{L}\p{Nd}]{0,3}\p{Nd}){6,}`)

// countryCode is how a number begins that shows where its country code ends.
var countryCode = regexp.MustCompile(`^\+[0-9]{1,3} `)

// Masked hides in a text of others what may be a phone number, but for the country code and the last two digits.
func Masked(text string) string {
	return numberlike.ReplaceAllStringFunc(text, func(number string) string {
		country := countryCode.FindString(number)
		rest := []rune(number[len(country):])
		last := len(rest)
		for shown := 0; shown < 2; {
			if last--; unicode.IsDigit(rest[last]) {
				shown++
			}
		}
		for i, r := range rest[:last] {
			if unicode.IsDigit(r) {
				rest[i] = '*'
			}
		}
		return country + string(rest)
	})
}

// maskedName hides what stands in place of a name and may be a number: it has no letter.
func maskedName(name string) string {
	if strings.ContainsFunc(name, unicode.IsLetter) {
		return name
	}
	return Masked(name)
}

// maskedError is an error whose text is of others.
type maskedError struct{ error }

func (e maskedError) Error() string { return Masked(e.error.Error()) }

func (e maskedError) Unwrap() error { return e.error }

// refusalOf says in a few words what the API server did not like.
func refusalOf(err error) string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil || len(status.Status().Details.Causes) == 0 {
		return Masked(unquoted(err.Error()))
	}
	var said []string
	for _, c := range status.Status().Details.Causes {
		said = append(said, unquoted(strings.TrimPrefix(c.Field+": ", ": ")+strings.TrimPrefix(c.Message, "Invalid value: ")))
	}
	return Masked(strings.Join(slices.Compact(said), "; "))
}

// unquoted leaves out the object that is quoted before what is wrong with its fields.
func unquoted(said string) string {
	const before = "strict decoding error: "
	if i := strings.LastIndex(said, before); i >= 0 {
		return said[i+len(before):]
	}
	return said
}
