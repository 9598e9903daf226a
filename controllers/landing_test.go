package controllers

import (
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

const mobileType = v1alpha1.PhoneTypeMobile

// cutAndLate cuts one request of a method off and has Graph do it 50 seconds later.
func cutAndLate(method string) step {
	return graphFault("one "+method+" is cut off and done 50 seconds later",
		emulator.Fault{Method: method, Path: "/phoneMethods", Times: 1, Effect: emulator.Late, Delay: 50 * time.Second})
}

// What lands in Graph after its caller is gone may land over something newer, or
// make what nobody speaks for any more.
func TestAWriteThatLandsLate(t *testing.T) {
	const first, second, third = "+1 2065550101", "+1 2065550102", "+1 2065550104"
	for name, c := range map[string]struct {
		steps []step
		want  string // "" is no phone
	}{
		"an update over a newer one": {[]step{
			creates("people/a", ada, mobileType, number(first)), works(busy),
			cutAndLate("PATCH"), edits("people/a", number(second)), works(busy),
			edits("people/a", number(third)), waits(10 * time.Second),
		}, third},
		"an update over one of the next operator": {[]step{
			creates("people/a", ada, mobileType, number(first)), works(busy),
			cutAndLate("PATCH"), edits("people/a", number(second)), works(busy), restarts,
			edits("people/a", number(third)), waits(10 * time.Second),
		}, third},
		"a deletion after the phone is made anew": {[]step{
			creates("people/a", ada, mobileType, number(first)), works(busy),
			cutAndLate("DELETE"), deletes("people/a"), waits(10 * time.Second),
			creates("people/b", ada, mobileType, number(second)), waits(10 * time.Second),
		}, second},
		"a create after the resource was deleted": {[]step{
			cutAndLate("POST"), creates("people/a", ada, mobileType, number(first)), works(busy), deletes("people/a"),
		}, ""},
		"a create after the resource was deleted, and the operator killed": {[]step{
			cutAndLate("POST"), creates("people/a", ada, mobileType, number(first)), works(busy), restarts, deletes("people/a"),
		}, ""},
		"a create after that of the next operator was deleted": {[]step{
			cutAndLate("POST"), creates("people/a", ada, mobileType, number(first)), works(busy), restarts, waits(10 * time.Second),
			deletes("people/a"),
		}, ""},
		"a create after that of the next operator was deleted by one more": {[]step{
			cutAndLate("POST"), creates("people/a", ada, mobileType, number(first)), works(busy), restarts, waits(10 * time.Second),
			restarts, deletes("people/a"),
		}, ""},
		"a create after a rival came and went": {[]step{
			cutAndLate("POST"), creates("people/a", ada, mobileType, number(first)), creates("people/b", ada, mobileType, number(first)),
			works(busy), deletes("people/a"), waits(10 * time.Second), deletes("people/b"),
		}, ""},
		"a create after a rival came and went, and the operator was killed": {[]step{
			cutAndLate("POST"), creates("people/a", ada, mobileType, number(first)), creates("people/b", ada, mobileType, number(first)),
			works(busy), restarts, deletes("people/a"), waits(10 * time.Second), deletes("people/b"),
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func() {
				m := newModel(t.Logf)
				m.take(c.steps...)
				m.take(waits(2 * time.Minute))
				got := ""
				if p := m.has(ada, mobileType); p != nil {
					got = p.Number
				}
				if got != c.want {
					t.Errorf("Graph has %q, want %q\n%s", got, c.want, m.describe())
				}
			})
		})
	}
}

var restarts = step{"the operator is killed, and another one starts", func(m *model) { m.startOperator() }}

// until is a note of a create beside earlier ones that may land for so many seconds more.
func until(seconds int) string {
	return note(ada, "+1 ********01") + landsMark + ago(-seconds).Format(time.RFC3339)
}

func TestWhatANoteSaysOfEarlierCreates(t *testing.T) {
	for name, c := range map[string]struct {
		began         time.Time // the operator
		noted         string
		lands, writes int // in so many seconds; 0 is none
	}{
		"there was none": {began: ago(3600)},
		"there was none that this operator knows of": {ago(3600), note(ada, "+1 ********01"), 0, 0},
		"one may be of an operator that was killed":  {ago(10), note(ada, "+1 ********01"), 0, 55 + 15},
		"one has landed by now":                      {ago(3600), "", -1, 0},
		"one may land":                               {ago(3600), "", 40, 40 + 15},
		"one may land, and the note is long enough":  {ago(3600), until(50), 40, 50},
		"one may land, and the note is too short":    {ago(3600), until(30), 40, 40 + 15},
	} {
		t.Run(name, func(t *testing.T) {
			p := passOf(plan.Claim{})
			own := p.claims[0]
			p.started, own.object.Annotations = c.began, map[string]string{v1alpha1.CreatingAnnotation: c.noted}
			if c.noted != "" {
				own.Creating = "+1 ********01"
			}
			if c.lands != 0 {
				p.mayCome(phone.Mobile, ago(-c.lands))
			}
			want := ""
			if c.writes != 0 {
				want = landsMark + ago(-c.writes).Format(time.RFC3339)
			}
			if got := p.landsNote(own); got != want {
				t.Errorf("the note is %q, want %q", got, want)
			}
		})
	}
}

func TestWhichNotesOfEarlierCreatesAreBelieved(t *testing.T) {
	for name, c := range map[string]struct {
		began time.Time // the operator
		noted string
		of    phone.Type
		want  bool
	}{
		"of the operator before":            {ago(10), until(40), phone.Mobile, true},
		"of another phone type":             {ago(10), until(40), phone.Office, false},
		"of one that has landed":            {ago(10), until(-1), phone.Mobile, false},
		"of a time that nobody writes":      {ago(10), until(600), phone.Mobile, false},
		"this operator has been here since": {ago(3600), until(40), phone.Mobile, false},
		"no time at all":                    {ago(10), note(ada, "+1 ********01") + landsMark + "soon", phone.Mobile, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := passOf(plan.Claim{})
			p.started, p.claims[0].Type = c.began, c.of
			p.claims[0].object.Annotations = map[string]string{v1alpha1.CreatingAnnotation: c.noted}
			p.recallCreates(phone.Mobile)
			if believed := p.createLands(phone.Mobile).After(p.now); believed != c.want {
				t.Errorf("it is believed: %v, want %v", believed, c.want)
			}
		})
	}
}

func TestAnUpdateOfANewOperatorIsLookedAtOnceMore(t *testing.T) {
	for name, c := range map[string]struct {
		began time.Time // the operator
		verb  plan.Verb
		want  time.Duration
	}{
		"an update": {ago(10), plan.Update, 55 * time.Second},
		"a create, over which no update can land": {ago(10), plan.Create, 0},
		"an update by who has been here long":     {ago(3600), plan.Update, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := passOf()
			p.started = c.began
			p.written(plan.Action{Verb: c.verb, Type: phone.Mobile})
			p.awaitLanding()
			if p.look != c.want {
				t.Errorf("the next look is after %v, want %v", p.look, c.want)
			}
		})
	}
}

func TestWhatHasLandedIsWaitedForNoMore(t *testing.T) {
	p := passOf()
	p.mayLand(ago(1))
	p.awaitLanding()
	if p.look != 0 {
		t.Errorf("another look is asked for after %v", p.look)
	}
}
