package plan

import (
	"testing"

	"github.com/entraops/phone-operator/internal/phone"
)

// What was begun without a look is known by its number, and by its mask where the number is not known any more.
func TestWhatAClaimHasBegun(t *testing.T) {
	const begun, twin, other = "+1 2065550101", "+1 2125550101", "+1 2065550102" // a twin has the same mask
	for sentence, tc := range map[string]struct {
		unread bool
		says   string // "": it is not known
		adopt  AdoptionPolicy
		shown  string
		want   bool
		known  bool // the number that was begun, whatever it says
	}{
		"its number":                                       {true, begun, AdoptIfNumberMatches, begun, true, false},
		"another number of the same mask":                  {true, begun, AdoptIfNumberMatches, twin, false, false},
		"another number":                                   {true, begun, AdoptIfNumberMatches, other, false, false},
		"its number, which was edited":                     {true, other, AdoptIfNumberMatches, begun, true, false},
		"its number, which cannot be read any more":        {true, "", AdoptIfNumberMatches, begun, true, false},
		"the same for one that takes any phone":            {true, "", AdoptAlways, begun, true, false},
		"the same for one that takes none":                 {true, "", AdoptNever, begun, false, false},
		"what an edit asks for, which was not begun":       {true, other, AdoptAlways, other, false, false},
		"another number of the same mask, after a look":    {false, begun, AdoptNever, twin, true, false},
		"its number, which was edited, after a look":       {false, other, AdoptNever, begun, true, false},
		"another number of another mask, after a look":     {false, begun, AdoptAlways, other, false, false},
		"its number, which was edited and is known":        {true, other, AdoptNever, begun, true, true},
		"its number, which was edited to a twin":           {true, twin, AdoptIfNumberMatches, begun, true, true},
		"a twin, which it was edited to":                   {true, twin, AdoptIfNumberMatches, twin, false, true},
		"a twin, and the number is known":                  {true, "", AdoptAlways, twin, false, true},
		"an edited one to a twin, which counts as no edit": {true, twin, AdoptAlways, begun, false, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := Claim{Type: phone.Mobile, Pending: number(t, begun).Masked(), Unread: tc.unread, Adopt: tc.adopt}
			if tc.says != "" {
				c.Number = number(t, tc.says)
			}
			if tc.known {
				c.PendingNumber = number(t, begun)
			}
			if got := c.MayHaveMade(Method{Type: phone.Mobile, Number: phone.Read(tc.shown)}); got != tc.want {
				t.Errorf("it is what was begun: %v", got)
			}
		})
	}
}

func number(t *testing.T, text string) phone.Number {
	t.Helper()
	n, err := phone.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
