package importing

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"

	"github.com/entraops/phone-operator/internal/cli/sheet"
	"github.com/entraops/phone-operator/internal/phone"
)

// Import is a table that is imported.
type Import struct {
	Rows          func(do func(sheet.Row) error) error // hands out all rows; is called twice for each Run
	Columns       Columns
	DefaultRegion string // ISO 3166; "": numbers without a country are refused
}

// claim is a phone that may be there more than once.
type claim struct {
	first    Phone // Line 0: not seen in the second pass yet
	other    int   // line of one with another number
	existing bool
}

// Run reads the table. put gets each phone that is to be imported once, tell each finding; an error of put ends it.
// Phones that are there more than once come last.
func (i Import) Run(put func(Phone) error, tell func(Finding)) (Summary, error) {
	keys := hasher{maphash.MakeSeed()}
	phones, numbers, err := i.repeated(keys)
	if err != nil {
		return Summary{}, err
	}
	s := newSummary()
	say := func(f Finding) {
		s.add(f)
		tell(f)
	}
	hand := func(p Phone) error {
		s.Phones++
		return put(p)
	}
	r := reader{i.Columns, i.DefaultRegion}
	err = i.Rows(func(row sheet.Row) (err error) {
		s.Rows++
		r.read(row, func(p Phone) {
			if err != nil {
				return
			}
			if first := numbers[keys.of(p.Number.Graph())]; first != nil {
				tellShared(first, p, say)
			}
			if c := phones[keys.of(strings.ToLower(p.User), string(p.Type))]; c != nil {
				c.add(p, say)
				return
			}
			err = hand(p)
		}, say, func() { s.Empty++ })
		return err
	})
	if err != nil {
		return s, err
	}
	for _, c := range inOrder(phones) {
		if c.other > 0 {
			say(c.first.finding(Refused, "TwoNumbersForOnePhone", fmt.Sprintf("line %d has another number for the same phone: keep one", c.other)))
			continue
		}
		if err := hand(c.first); err != nil {
			return s, err
		}
	}
	return s, nil
}

// repeated is the first pass: the phones and numbers that may be there more than once, and a few that are not.
func (i Import) repeated(keys hasher) (phones map[uint64]*claim, numbers map[uint64]*Phone, err error) {
	phones, numbers = map[uint64]*claim{}, map[uint64]*Phone{}
	seenPhones, seenNumbers := newFilter(), newFilter()
	r := reader{i.Columns, i.DefaultRegion}
	err = i.Rows(func(row sheet.Row) error {
		r.read(row, func(p Phone) {
			if key := keys.of(strings.ToLower(p.User), string(p.Type)); seenPhones.seen(key) {
				phones[key] = &claim{}
			}
			if key := keys.of(p.Number.Graph()); seenNumbers.seen(key) {
				numbers[key] = &Phone{}
			}
		}, func(Finding) {}, func() {})
		return nil
	})
	return phones, numbers, err
}

// add compares a phone with the first of its kind.
func (c *claim) add(p Phone, say func(Finding)) {
	switch {
	case !c.existing:
		c.first, c.existing = p, true
	case c.first.Number == p.Number:
		say(p.finding(Duplicate, "SamePhone", fmt.Sprintf("line %d has the same phone", c.first.Line)))
	default:
		c.other = cmp.Or(c.other, p.Line)
		say(p.finding(Refused, "TwoNumbersForOnePhone", fmt.Sprintf("line %d has another number for the same phone: keep one", c.first.Line)))
	}
}

// tellShared compares a phone with the first of its number.
func tellShared(first *Phone, p Phone, say func(Finding)) {
	switch {
	case first.Line == 0:
		*first = Phone{Line: p.Line, User: p.User}
	case !strings.EqualFold(first.User, p.User):
		message := fmt.Sprintf("line %d has the same number for another user", first.Line)
		if p.Type == phone.Mobile {
			message += ": only one of them can sign in with it by text message"
		}
		say(p.finding(Shared, "SharedNumber", message))
	}
}

// inOrder are the claims that there are, by line.
func inOrder(all map[uint64]*claim) []*claim {
	claims := slices.DeleteFunc(slices.Collect(maps.Values(all)), func(c *claim) bool { return !c.existing })
	slices.SortFunc(claims, func(a, b *claim) int {
		return cmp.Or(cmp.Compare(a.first.Line, b.first.Line), cmp.Compare(a.first.Type, b.first.Type))
	})
	return claims
}
