package phone

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
)

// A national number shorter than this shows no digit at all: two of so few say
// too much.
const minShown = 6

// Masked returns what may be shown of the number: the country code, a star for
// each digit, the last two digits, and "x***" for an extension: "+1 ********00".
// A national number of fewer than six digits is all stars. No number is "".
func (n Number) Masked() string {
	if n.IsZero() {
		return ""
	}
	d := n.digits()
	stars := len(d.national)
	if stars >= minShown {
		stars -= 2
	}
	s := "+" + d.country + " " + strings.Repeat("*", stars) + d.national[stars:]
	if d.extension != "" {
		s += "x***"
	}
	return s
}

// The methods below are every way a value is printed that the value can answer
// for. All of them show Masked.

// String returns Masked.
func (n Number) String() string { return n.Masked() }

// GoString returns Masked.
func (n Number) GoString() string { return n.Masked() }

// Format writes Masked whatever the verb, so that %x and %d show no more than %s.
func (n Number) Format(f fmt.State, verb rune) { formatMasked(f, verb, n.Masked()) }

// MarshalLog gives logr Masked.
func (n Number) MarshalLog() any { return n.Masked() }

// LogValue gives slog Masked.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.Masked()) }

// MarshalJSON writes Masked: JSON is what loggers print structs with. A request
// to Graph is built from Graph instead.
func (n Number) MarshalJSON() ([]byte, error) { return json.Marshal(n.Masked()) }

// MarshalText writes Masked, for map keys and encoders that know only text.
func (n Number) MarshalText() ([]byte, error) { return []byte(n.Masked()), nil }

func formatMasked(f fmt.State, verb rune, masked string) {
	if verb != 'q' {
		verb = 's'
	}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), masked) // the State's owner sees write errors, we cannot
}
