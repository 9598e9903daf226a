package phone_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/internal/phone"
)

func TestRespells(t *testing.T) {
	for name, tc := range map[string]struct {
		shown, number string
		want          bool
	}{
		"a trunk zero was dropped":                  {"+44 2079460101", "+44 02079460101", true},
		"a trunk zero was added":                    {"+44 02079460101", "+44 2079460101", true},
		"a prefix of mobile phones was added":       {"+54 91155550101", "+54 1155550101", true},
		"with the same extension":                   {"+44 2079460101x12", "+44 02079460101x12", true},
		"another extension":                         {"+44 2079460101x12", "+44 02079460101x13", false},
		"an extension was dropped":                  {"+44 2079460101", "+44 02079460101x12", false},
		"another country, the same line":            {"+1 2079460101", "+44 2079460101", false},
		"another line":                              {"+44 2079460102", "+44 02079460101", false},
		"another area, the same end":                {"+44 2079460101", "+44 1179460101", false},
		"the same number is no other spelling":      {"+44 2079460101", "+44 2079460101", false},
		"in other writing it is not, either":        {"+44 (20) 7946-0101", "+44 2079460101", false},
		"six digits of a line in common":            {"+44 0460101", "+44 460101", true},
		"five digits in common tell too little":     {"+44 060101", "+44 60101", false},
		"two digits more in front":                  {"+54 91155550101", "+54 155550101", true},
		"three digits more are another area":        {"+1 2065550101", "+1 5550101", false},
		"digits that are missing at the end":        {"+44 207946010", "+44 2079460101", false},
		"a mask tells nothing":                      {"+44 ********01", "+44 02079460101", false},
		"a country that nobody knows tells nothing": {"+999 2079460101", "+44 02079460101", false},
		"nothing tells nothing":                     {"", "+44 02079460101", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := phone.Read(tc.shown).Respells(parse(t, tc.number)); got != tc.want {
				t.Errorf("Respells() = %v", got)
			}
		})
	}
	if phone.Read("+44 2079460101").Respells(phone.Number{}) {
		t.Error("no number is respelled")
	}
}

// Whatever is another spelling of a number is told from it, by both, and never of a number
// that differs in the end: those are what people mistype.
func TestRespellsIsOfDifferentNumbersAndOfBothSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringMatching(`[0-9]{4,11}`)
		one, other := digits.Draw(t, "one"), digits.Draw(t, "other")
		if rapid.Bool().Draw(t, "related") {
			other = (rapid.StringMatching(`[0-9]{0,3}`).Draw(t, "prefix") + one)
		}
		a, err := phone.Parse("+44 " + one)
		b, err2 := phone.Parse("+44 " + other)
		if err != nil || err2 != nil {
			return
		}
		here, there := phone.Read(a.Graph()).Respells(b), phone.Read(b.Graph()).Respells(a)
		if here != there {
			t.Errorf("%v from one side, %v from the other", here, there)
		}
		if here && (a == b || one[len(one)-1] != other[len(other)-1]) {
			t.Errorf("%q is no other spelling of %q", other, one)
		}
	})
}
