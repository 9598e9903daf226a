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
	DefaultRegion string   // ISO 3166; "": numbers without a country are refused
	Accepted      []string // reasons of guesses that nobody needs to look at
}

// claim is a phone that may be there more than once.
type claim struct {
	first    Phone // Line 0: not seen in the second pass yet
	other    int   // line of one with another number
	existing bool
}

// repeats are the phones and numbers that may be there more than once, and a few that are not.
type repeats struct {
	hasher
	phones  map[uint64]*claim
	endings map[uint64]bool
	numbers map[phone.Number]Phone // the first of each, if its ending is there more than once
}

// Run reads the table. put gets each phone that is to be imported once, tell each finding; an error of put ends it.
// Phones that are there more than once come last.
func (i Import) Run(put func(Phone) error, tell func(Finding)) (Summary, error) {
	again, err := i.repeated()
	if err != nil {
		return Summary{}, err
	}
	s := Summary{Tally: NewTally()}
	say := func(f Finding) {
		s.Add(f)
		tell(f)
	}
	hand := func(p Phone) error {
		s.Phones++
		return put(p)
	}
	err = i.readAll(func(e event) error {
		switch {
		case e.row:
			s.Rows++
		case e.empty:
			s.Empty++
		case e.finding != nil:
			say(*e.finding)
		default:
			again.tellShared(e.phone, say)
			if c := again.phones[again.ofPhone(e.phone.User, e.phone.Type)]; c != nil {
				c.add(e.phone, say)
				return nil
			}
			return hand(e.phone)
		}
		return nil
	})
	if err != nil {
		return s, err
	}
	for _, c := range inOrder(again.phones) {
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

// repeated is the first pass.
func (i Import) repeated() (repeats, error) {
	again := repeats{hasher{maphash.MakeSeed()}, map[uint64]*claim{}, map[uint64]bool{}, map[phone.Number]Phone{}}
	phones, endings := newFilter(), newFilter()
	r := reader{i.Columns, i.DefaultRegion, i.Accepted}
	return again, i.Rows(func(row sheet.Row) error {
		r.glance(row, func(user string, kind phone.Type, ending string) {
			if key := again.ofPhone(user, kind); phones.seen(key) {
				again.phones[key] = &claim{}
			}
			if key := again.of(ending); endings.seen(key) {
				again.endings[key] = true
			}
		})
		return nil
	})
}

func (r repeats) ofPhone(user string, kind phone.Type) uint64 {
	return r.of(strings.ToLower(user), string(kind))
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
func (r repeats) tellShared(p Phone, say func(Finding)) {
	if !r.endings[r.of(p.ending)] {
		return
	}
	switch first, found := r.numbers[p.Number]; {
	case !found:
		r.numbers[p.Number] = Phone{Line: p.Line, User: p.User}
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
