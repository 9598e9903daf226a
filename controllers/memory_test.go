package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/user"
)

var aMoment = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// ago is so many seconds before the pass.
func ago(seconds int) time.Time { return aMoment.Add(-time.Duration(seconds) * time.Second) }

func parsed(text string) phone.Number {
	n, err := phone.Parse(text)
	must(err)
	return n
}

// mobile is what Graph shows of a mobile.
func mobile(n phone.Number, sms phone.SMSSignInState) *plan.Method {
	return &plan.Method{Type: phone.Mobile, Number: phone.Read(n.Graph()), SMS: sms}
}

// passOf is a pass of an operator that has been at work for an hour, with the resource
// people/a and perhaps a second one.
func passOf(claims ...plan.Claim) *pass {
	p := &pass{
		Reconciler: &Reconciler{started: ago(3600), Now: func() time.Time { return aMoment }},
		key:        user.Key{Tenant: "contoso", User: ada}, tenant: &tenant.Tenant{}, now: aMoment,
		memory: memory{}, deleted: map[phone.Type]bool{},
	}
	p.remembersNothing()
	for i, c := range claims {
		c.Ref, c.Type = "people/"+string(rune('a'+i)), phone.Mobile
		p.claims = append(p.claims, &claim{Claim: c, object: &pam{ObjectMeta: metav1.ObjectMeta{Generation: 1}}})
	}
	return p
}

func TestHowLongAResourceThatLeavesWaitsForWhatItMade(t *testing.T) {
	first, second := parsed("+1 2065550101"), parsed("+1 2065550102")
	nothing := plan.Claim{Leaving: true}
	holder := plan.Claim{Leaving: true, Holder: true}
	beginner := plan.Claim{Leaving: true, Creating: first.Masked()}
	rival := plan.Claim{Holder: true}
	began := func(seconds int) func(*pass) { return func(p *pass) { p.started = ago(seconds) } }
	wrote := func(v plan.Verb) func(*pass) {
		return func(p *pass) { p.memory[phone.Mobile] = &lastWrite{action: plan.Action{Verb: v}, at: ago(10)} }
	}
	lands := func(p *pass) { p.mayCome(phone.Mobile, ago(-40)) }
	deletes := func(p *pass) { p.deleted[phone.Mobile] = true }
	for name, c := range map[string]struct {
		claims []plan.Claim // the first one leaves
		shown  *plan.Method
		more   []func(*pass)
		want   time.Duration
	}{
		"it made nothing, and the operator just began": {[]plan.Claim{nothing}, nil, []func(*pass){began(10)}, 0},
		"it stays": {[]plan.Claim{{Holder: true}}, nil, []func(*pass){began(10)}, 0},

		"its phone shows":                                   {[]plan.Claim{holder}, mobile(first, ""), []func(*pass){began(10), lands}, 0},
		"its phone shows another number":                    {[]plan.Claim{holder}, mobile(second, ""), []func(*pass){lands}, 0},
		"its phone does not show":                           {[]plan.Claim{holder}, nil, nil, 0},
		"its phone does not show to an operator just begun": {[]plan.Claim{holder}, nil, []func(*pass){began(10)}, 20 * time.Second},
		"its phone does not show, just made":                {[]plan.Claim{holder}, nil, []func(*pass){wrote(plan.Create)}, 20 * time.Second},
		"its phone does not show, just changed":             {[]plan.Claim{holder}, nil, []func(*pass){wrote(plan.Update)}, 0},
		"its phone does not show, and a create may land":    {[]plan.Claim{holder}, nil, []func(*pass){lands}, 70 * time.Second},
		"its phone does not show, and its note is still there": {
			[]plan.Claim{{Leaving: true, Holder: true, Creating: first.Masked()}}, nil, []func(*pass){began(40)}, 0,
		},
		"its phone was just deleted":                        {[]plan.Claim{holder}, nil, []func(*pass){deletes, began(10)}, 0},
		"its phone was just deleted, beside a rival":        {[]plan.Claim{holder, rival}, nil, []func(*pass){deletes, began(10)}, 0},
		"its phone was just deleted, and a create may land": {[]plan.Claim{holder}, nil, []func(*pass){deletes, lands}, 40 * time.Second},

		"what it began shows":                    {[]plan.Claim{beginner}, mobile(first, ""), []func(*pass){began(10), lands}, 0},
		"what it began does not show":            {[]plan.Claim{beginner}, nil, nil, 0},
		"what it began may be a dead operator's": {[]plan.Claim{beginner}, nil, []func(*pass){began(10)}, 85 * time.Second},
		"another number shows than it began":     {[]plan.Claim{beginner}, mobile(second, ""), []func(*pass){began(10)}, 55 * time.Second},
		"what it began shows, and is a rival's":  {[]plan.Claim{beginner, rival}, mobile(first, ""), []func(*pass){began(10)}, 55 * time.Second},
		"what it began shows, beside who holds nothing": {
			[]plan.Claim{beginner, {}}, mobile(first, ""), []func(*pass){began(10)}, 0,
		},
		"what it began was just deleted": {[]plan.Claim{beginner}, nil, []func(*pass){deletes, began(10)}, 0},
		"a rival's was just deleted":     {[]plan.Claim{beginner, rival}, nil, []func(*pass){deletes, began(10)}, 85 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			p := passOf(c.claims...)
			p.set(phone.Mobile, c.shown)
			for _, change := range c.more {
				change(p)
			}
			p.doubtAbsence()
			if waits := p.claims[0].Withheld == plan.Unsettled; waits != (c.want > 0) || p.look != c.want {
				t.Errorf("it waits: %v, for %v, want %v", waits, p.look, c.want)
			}
		})
	}
}

func TestAPhoneOfAnotherTypeIsNoRivals(t *testing.T) {
	p := passOf(plan.Claim{Leaving: true, Creating: parsed("+1 2065550101").Masked()}, plan.Claim{Holder: true})
	p.claims[1].Type = phone.Office
	if p.heldBeside(p.claims[0]) {
		t.Error("the holder of an office phone is taken for a rival for the mobile")
	}
}

func TestWhenARefusalIsForgotten(t *testing.T) {
	first, second := parsed("+1 2065550101"), parsed("+1 2065550102")
	for name, c := range map[string]struct {
		failed graph.Kind
		verb   plan.Verb
		change func(*pass)
		want   bool
	}{
		"the resource asks for the same": {graph.Refused, plan.Create, func(*pass) {}, false},
		"its spec is new":                {graph.Refused, plan.Create, func(p *pass) { p.claims[0].object.Generation = 2 }, true},
		"a reconcile is asked for": {graph.Refused, plan.Create, func(p *pass) {
			p.claims[0].object.Annotations = map[string]string{v1alpha1.ReconcileRequestedAtAnnotation: "now"}
		}, true},
		"its Secret says another number":           {graph.Refused, plan.Create, func(p *pass) { p.claims[0].Number = second }, true},
		"it is gone":                               {graph.Refused, plan.Create, func(p *pass) { p.claims = p.claims[1:] }, true},
		"it was a switch, which has no number":     {graph.Refused, plan.EnableSMS, func(*pass) {}, false},
		"it was no refusal: Graph said done":       {"", plan.Create, func(p *pass) { p.claims[0].object.Generation = 2 }, false},
		"it was no refusal: Graph said nothing":    {graph.Unclear, plan.Create, func(p *pass) { p.claims[0].object.Generation = 2 }, false},
		"it was no verdict yet: a number is taken": {graph.NumberNotUnique, plan.Create, func(p *pass) { p.claims[0].object.Generation = 2 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := passOf(plan.Claim{Number: first}, plan.Claim{})
			w := &lastWrite{action: plan.Action{Verb: c.verb, For: "people/a"}, failed: c.failed, asked: p.claims[0].asks()}
			if c.verb == plan.Create {
				w.action.Number = first
			}
			p.memories.Set(p.key, memory{phone.Mobile: w}, time.Minute)
			c.change(p)
			p.recall()
			if forgotten := p.memory[phone.Mobile] == nil; forgotten != c.want {
				t.Errorf("it is forgotten: %v, want %v", forgotten, c.want)
			}
		})
	}
}

func TestWhatIsDoubtedAfterAWrite(t *testing.T) {
	const create = plan.Create
	resync := (&tenant.Tenant{}).Spec.ResyncPeriodOrDefault()
	for name, c := range map[string]struct {
		write            lastWrite
		withheld, rivals plan.Withheld
		refused          plan.Verbs
		look             time.Duration
	}{
		"Graph said done":                       {write: lastWrite{at: ago(1)}},
		"Graph said nothing":                    {lastWrite{failed: graph.Unclear, at: ago(1)}, plan.Unsettled, plan.Unsettled, 0, 4 * time.Second},
		"Graph said nothing, a while ago":       {write: lastWrite{failed: graph.Unclear, at: ago(5)}},
		"Graph refused once":                    {lastWrite{failed: graph.Refused, strikes: 1, at: ago(1)}, plan.Unsettled, plan.Unsettled, 0, 2 * time.Second},
		"Graph refused once, a while ago":       {write: lastWrite{failed: graph.Refused, strikes: 1, at: ago(3)}},
		"Graph refused twice, this one's alone": {lastWrite{failed: graph.Refused, strikes: 2, at: ago(1)}, 0, 0, plan.SetOf(create), resync - time.Second},
		"a number was taken, once":              {lastWrite{failed: graph.NumberNotUnique, strikes: 1, at: ago(4)}, plan.Unsettled, plan.Unsettled, 0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			p := passOf(plan.Claim{}, plan.Claim{}, plan.Claim{})
			p.claims[2].Type = phone.Office
			if c.write.failed != "" {
				for _, doubted := range p.claims[:2] { // by an earlier round
					doubted.Withheld, doubted.Refused = plan.Unsettled, plan.SetOf(plan.Update)
				}
			}
			c.write.action = plan.Action{Verb: create, For: "people/a"}
			p.memory[phone.Mobile] = &c.write
			p.doubt()
			own, rival, other := p.claims[0], p.claims[1], p.claims[2]
			if own.Withheld != c.withheld || own.Refused != c.refused {
				t.Errorf("its own: withheld %v, refused %b", own.Withheld, own.Refused)
			}
			if rival.Withheld != c.rivals || rival.Refused != 0 {
				t.Errorf("a rival: withheld %v, refused %b", rival.Withheld, rival.Refused)
			}
			if other.Withheld != 0 || other.Refused != 0 {
				t.Errorf("of another type: withheld %v, refused %b", other.Withheld, other.Refused)
			}
			if p.look != c.look {
				t.Errorf("the next look is after %v, want %v", p.look, c.look)
			}
		})
	}
}

func TestABarrierThatIsNoDoubtStays(t *testing.T) {
	p := passOf(plan.Claim{Withheld: plan.PrivilegedUser})
	p.memory[phone.Mobile] = &lastWrite{failed: graph.Unclear, at: ago(9)}
	p.doubt()
	if got := p.claims[0].Withheld; got != plan.PrivilegedUser {
		t.Errorf("withheld for %v", got)
	}
}

func TestHowLongAWriteIsRemembered(t *testing.T) {
	const resync = 15 * time.Minute
	for name, c := range map[string]struct {
		write *lastWrite
		want  time.Duration
	}{
		"nothing was written":      {nil, 0},
		"Graph said done":          {&lastWrite{}, 2 * catchUp},
		"Graph said nothing":       {&lastWrite{failed: graph.Unclear}, 2 * resync},
		"Graph refused":            {&lastWrite{failed: graph.Refused}, 2 * resync},
		"Graph refused a deletion": {&lastWrite{failed: graph.Refused, action: plan.Action{Verb: plan.Delete}}, 2 * retryDelete},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func() {
				p := passOf()
				p.tenant.Spec.ResyncPeriod = &metav1.Duration{Duration: resync}
				p.memories.Set(p.key, memory{}, time.Hour) // of the pass before
				if c.write != nil {
					p.memory[phone.Mobile] = c.write
				}
				p.remember()
				remembered := func() bool { _, yes := p.memories.Get(p.key); return yes }
				if remembered() != (c.want > 0) {
					t.Fatalf("it is remembered: %v", remembered())
				}
				for elapsed := time.Duration(0); elapsed < c.want; elapsed += time.Second {
					if !remembered() {
						t.Fatalf("it is forgotten after %v, want %v", elapsed, c.want)
					}
					time.Sleep(time.Second) //nolint:forbidigo // the clock is synctest's
				}
				time.Sleep(time.Second) //nolint:forbidigo // the clock is synctest's
				if remembered() {
					t.Errorf("it is remembered after %v", c.want)
				}
			})
		})
	}
}

func TestWhatAReadSaysOfAWrite(t *testing.T) {
	first, second := parsed("+1 2065550101"), parsed("+1 2065550102")
	none, was, is := (*plan.Method)(nil), mobile(first, phone.NotEnabled), mobile(second, phone.NotEnabled)
	on := mobile(first, phone.Ready)
	update := lastWrite{action: plan.Action{Verb: plan.Update, Number: second}, before: was}
	again := lastWrite{action: plan.Action{Verb: plan.Update, Number: second}, before: is, older: []*plan.Method{was, none}}
	for name, c := range map[string]struct {
		write       lastWrite
		read        *plan.Method
		done, stale bool
	}{
		"a create shows":                         {lastWrite{action: plan.Action{Verb: plan.Create, Number: second}}, is, true, false},
		"a create does not show":                 {lastWrite{action: plan.Action{Verb: plan.Create, Number: second}}, none, false, true},
		"a create shows another number":          {lastWrite{action: plan.Action{Verb: plan.Create, Number: second}}, was, false, false},
		"an update shows":                        {update, is, true, false},
		"an update does not show":                {update, was, false, true},
		"an update shows nothing at all":         {update, none, false, false},
		"an update shows what was before before": {again, was, false, true},
		"an update shows what never was":         {update, on, false, false},
		"an update after a create shows nothing": {again, none, false, true},
		"a deletion shows":                       {lastWrite{action: plan.Action{Verb: plan.Delete}, before: was}, none, true, false},
		"a deletion does not show":               {lastWrite{action: plan.Action{Verb: plan.Delete}, before: was}, was, false, true},
		"SMS sign-in is on":                      {lastWrite{action: plan.Action{Verb: plan.EnableSMS}, before: was}, on, true, false},
		"SMS sign-in is not on":                  {lastWrite{action: plan.Action{Verb: plan.EnableSMS}, before: was}, was, false, true},
		"SMS sign-in is on no phone":             {lastWrite{action: plan.Action{Verb: plan.EnableSMS}, before: was}, none, false, false},
		"SMS sign-in is off":                     {lastWrite{action: plan.Action{Verb: plan.DisableSMS}, before: on}, was, true, false},
		"SMS sign-in is not off":                 {lastWrite{action: plan.Action{Verb: plan.DisableSMS}, before: on}, on, false, true},
		"SMS sign-in is off no phone":            {lastWrite{action: plan.Action{Verb: plan.DisableSMS}, before: on}, none, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			if c.write.shows(c.read) != c.done || c.write.stale(c.read) != c.stale {
				t.Errorf("done %v, stale %v; want %v, %v", c.write.shows(c.read), c.write.stale(c.read), c.done, c.stale)
			}
		})
	}
}

func TestTheSameWriteIsOfOneVerbNumberAndResource(t *testing.T) {
	first, second := parsed("+1 2065550101"), parsed("+1 2065550102")
	w := lastWrite{action: plan.Action{Verb: plan.Update, Number: first, For: "people/a"}}
	for name, c := range map[string]struct {
		other plan.Action
		want  bool
	}{
		"the same":         {plan.Action{Verb: plan.Update, Number: first, For: "people/a", Drift: true}, true},
		"another verb":     {plan.Action{Verb: plan.Create, Number: first, For: "people/a"}, false},
		"another number":   {plan.Action{Verb: plan.Update, Number: second, For: "people/a"}, false},
		"another resource": {plan.Action{Verb: plan.Update, Number: first, For: "people/b"}, false},
	} {
		if got := w.is(c.other); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
