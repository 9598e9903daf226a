package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
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

func TestWhichPendingWritesMayYetLand(t *testing.T) {
	create := v1alpha1.PendingWrite{Action: v1alpha1.PendingCreate, UserID: ada, MaskedNumber: "+1 ********01", Since: metav1.NewTime(ago(60))}
	update := create
	update.Action = v1alpha1.PendingUpdate
	for name, c := range map[string]struct {
		began   time.Time // the operator
		pending *v1alpha1.PendingWrite
		own     bool // this operator recorded it
		of      phone.Type
		want    time.Time
	}{
		"there is none":                     {began: ago(10), of: phone.Mobile},
		"a create of the operator before":   {ago(10), &create, false, phone.Mobile, ago(10 - 65)},
		"a create that this one began":      {ago(10), &create, true, phone.Mobile, time.Time{}},
		"a create of another phone type":    {ago(10), &create, false, phone.Office, time.Time{}},
		"an update, which makes no phone":   {ago(10), &update, false, phone.Mobile, time.Time{}},
		"this operator has been here since": {ago(3600), &create, false, phone.Mobile, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			p := passOf(plan.Claim{})
			p.started, p.claims[0].Type = c.began, c.of
			p.claims[0].object.UID, p.claims[0].object.Status.PendingWrite = "a", c.pending
			if c.own {
				p.intents.Set(p.claims[0].object.UID, c.pending.Since.Time, intentKept)
			}
			p.recallCreates()
			if lands := p.createLands(phone.Mobile); !lands.Equal(c.want) {
				t.Errorf("it may land until %v, want %v", lands, c.want)
			}
		})
	}
}

func TestWhenAPendingWriteIsSettled(t *testing.T) {
	first, second := parsed("+1 2065550101"), parsed("+1 2065550102")
	unread := &plan.Method{Type: phone.Mobile}
	for name, c := range map[string]struct {
		claim   plan.Claim
		verdict plan.Verdict
		since   time.Time
		more    func(*pass)
		want    bool
	}{
		"its phone is recorded":                              {plan.Claim{Creating: first.Masked()}, plan.Verdict{Holds: true, Method: mobile(first, "")}, ago(1), nil, true},
		"its phone is recorded, and an earlier one may land": {plan.Claim{Creating: first.Masked()}, plan.Verdict{Holds: true}, ago(1), func(p *pass) { p.mayCome(phone.Mobile, ago(-9)) }, false},
		"Graph refused it":                                   {plan.Claim{}, plan.Verdict{Outcome: plan.Pending}, ago(1), nil, true},
		"Graph refused it for good":                          {plan.Claim{Creating: first.Masked()}, plan.Verdict{Outcome: plan.Rejected}, ago(1), nil, true},
		"another phone shows":                                {plan.Claim{Creating: first.Masked()}, plan.Verdict{Method: mobile(second, "")}, ago(31), nil, true},
		"another phone shows, and the read may lag":          {plan.Claim{Creating: first.Masked()}, plan.Verdict{Method: mobile(second, "")}, ago(29), nil, false},
		"another phone shows to a leaver":                    {plan.Claim{Creating: first.Masked(), Leaving: true}, plan.Verdict{Method: mobile(second, "")}, ago(3600), nil, false},
		"a masked number shows":                              {plan.Claim{Creating: first.Masked()}, plan.Verdict{Method: unread}, ago(1), nil, false},
		"nothing shows, and it may land":                     {plan.Claim{Creating: first.Masked()}, plan.Verdict{}, ago(60), nil, false},
		"nothing shows, and it landed or never will":         {plan.Claim{Creating: first.Masked()}, plan.Verdict{}, ago(66), nil, true},
		"nothing shows to an operator just begun":            {plan.Claim{Creating: first.Masked()}, plan.Verdict{}, ago(3600), func(p *pass) { p.started = ago(60) }, false},
		"its write is not settled": {plan.Claim{Creating: first.Masked()}, plan.Verdict{Method: mobile(second, "")}, ago(1), func(p *pass) {
			p.memory[phone.Mobile] = &lastWrite{failed: graph.Unclear}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := passOf(c.claim)
			p.claims[0].object.Status.PendingWrite = &v1alpha1.PendingWrite{Action: v1alpha1.PendingCreate, Since: metav1.NewTime(c.since)}
			if c.more != nil {
				c.more(p)
			}
			if got := p.pendingSettled(p.claims[0], c.verdict); got != c.want {
				t.Errorf("settled: %v, want %v", got, c.want)
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
