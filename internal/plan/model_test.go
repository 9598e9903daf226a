package plan

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/entraops/phone-operator/internal/phone"
)

// The numbers of the tests. Each has a mask of its own but for twinOfA, whose
// mask is numberA's.
var (
	numberA = must("+1 2065550101")
	numberB = must("+1 2065550102")
	twinOfA = must("+1 2065559901")
	foreign = must("+1 2065550103")
)

func must(s string) phone.Number {
	n, err := phone.Parse(s)
	if err != nil {
		panic(err)
	}
	return n
}

// reading is the number as Graph shows it. To read it takes longer than to plan, and
// the tests have a handful of numbers.
func reading(n phone.Number) phone.Reading {
	if r, known := readings.Load(n); known {
		return r.(phone.Reading)
	}
	r := phone.Read(n.Graph())
	readings.Store(n, r)
	return r
}

var readings sync.Map // phone.Number -> phone.Reading

// entra is a user in Graph as Graph's documents describe one. It knows nothing
// of the plan and refuses what Graph refuses.
type entra map[phone.Type]phoneInGraph

type phoneInGraph struct {
	number phone.Number
	sms    phone.SMSSignInState
}

func (e entra) methods() []Method {
	ms := make([]Method, 0, 3)
	for _, t := range []phone.Type{phone.Office, phone.Mobile, phone.AlternateMobile} { // not Graph's creation order
		if p, ok := e[t]; ok {
			ms = append(ms, Method{Type: t, Number: reading(p.number), SMS: p.sms})
		}
	}
	return ms
}

// do carries out one write, or says why Graph would not.
func (e entra) do(a Action) error {
	has := func(t phone.Type) bool { _, ok := e[t]; return ok }
	switch a.Verb {
	case Create:
		if has(a.Type) {
			return fmt.Errorf("create %s: the user has one", a.Type)
		}
		if a.Type == phone.AlternateMobile && !has(phone.Mobile) {
			return fmt.Errorf("create %s: the user has no mobile", a.Type)
		}
		e[a.Type] = phoneInGraph{number: a.Number, sms: freshSMS(a.Type)}
	case Update:
		if !has(a.Type) {
			return fmt.Errorf("update %s: the user has none", a.Type)
		}
		e[a.Type] = phoneInGraph{number: a.Number, sms: freshSMS(a.Type)}
	case Delete:
		if !has(a.Type) {
			return fmt.Errorf("delete %s: the user has none", a.Type)
		}
		if a.Type == phone.Mobile && has(phone.AlternateMobile) {
			return fmt.Errorf("delete %s: the user has an alternateMobile", a.Type)
		}
		delete(e, a.Type)
	case EnableSMS, DisableSMS:
		p, ok := e[a.Type]
		if !ok || a.Type != phone.Mobile {
			return fmt.Errorf("%s on %s", a.Verb, a.Type)
		}
		p.sms = map[Verb]phone.SMSSignInState{EnableSMS: phone.Ready, DisableSMS: phone.NotEnabled}[a.Verb]
		e[a.Type] = p
	default:
		return fmt.Errorf("no such verb: %v", a.Verb)
	}
	return nil
}

func freshSMS(t phone.Type) phone.SMSSignInState {
	if t == phone.Mobile {
		return phone.NotEnabled
	}
	return phone.NotSupported
}

// world is one user in Graph and in the cluster, with what the controller keeps.
type world struct {
	graph  entra
	claims []Claim
}

func (w world) clone() world {
	return world{graph: maps.Clone(w.graph), claims: slices.Clone(w.claims)}
}

func (w *world) claim(ref string) *Claim {
	for i := range w.claims {
		if w.claims[i].Ref == ref {
			return &w.claims[i]
		}
	}
	return nil
}

// pass is one pass of the controller: note creations, act, and when nothing is
// left to do, record the verdicts. It stops after `stop` actions without
// recording anything, as a crash would (-1: never). It reports whether it wrote.
func (w *world) pass(stop int) (wrote bool, err error) {
	for {
		methods := w.graph.methods()
		p := Compute(w.claims, methods)
		if err := lawful(w.claims, methods, p); err != nil {
			return wrote, err
		}
		if len(p.Actions) == 0 {
			w.record(p)
			return wrote, nil
		}
		w.begin(p)
		for _, a := range p.Actions {
			if stop == 0 {
				return wrote, nil
			}
			stop--
			wrote = true
			if err := w.graph.do(a); err != nil {
				return wrote, err
			}
		}
		if stop == 0 {
			return wrote, nil
		}
		w.remember(p.Actions)
	}
}

// begin notes on the resource what is about to be created, and records what is
// held by such a note alone, before a write that would make the note wrong.
func (w *world) begin(p Plan) {
	for _, a := range p.Actions {
		switch a.Verb {
		case Create:
			w.claim(a.For).Pending = a.Number.Masked()
		case Update, Delete:
			for i := range w.claims {
				c := &w.claims[i]
				if v := p.Verdicts[c.Ref]; c.Type == a.Type && v.Owns && !c.Holder {
					c.Holder, c.Last, c.Was, c.Changed, c.Edited = true, "", phone.Number{}, true, true
				}
			}
		default:
		}
	}
}

// remember is what a pass knows of its own writes before it records them.
func (w *world) remember(done []Action) {
	for _, a := range done {
		if a.Verb == Create || a.Verb == Update {
			c := w.claim(a.For)
			c.Holder, c.Last, c.Was, c.Changed = true, a.Number.Masked(), a.Number, true
		}
	}
}

func (w *world) record(p Plan) {
	w.claims = slices.DeleteFunc(w.claims, func(c Claim) bool { return p.Verdicts[c.Ref].Outcome == Released })
	for i := range w.claims {
		c := &w.claims[i]
		v := p.Verdicts[c.Ref]
		switch {
		case v.Outcome == Synced:
			c.Last, c.Was = c.Number.Masked(), c.Number
		case v.Owns && !c.Holder:
			c.Last, c.Was = "", phone.Number{}
		}
		c.Holder = v.Owns
		if !c.Terminating && !v.Owns && (v.Outcome == Rejected || v.Method != nil) {
			c.Pending = "" // the note is refuted
		}
		if !c.Terminating {
			c.Changed, c.Edited = false, false
		}
	}
}

// settle runs passes until one writes nothing and lets nobody go.
func (w *world) settle() error {
	for range 6 {
		there := len(w.claims)
		if wrote, err := w.pass(-1); err != nil || !wrote && len(w.claims) == there {
			return err
		}
	}
	return fmt.Errorf("still writing after six passes: %+v", Compute(w.claims, w.graph.methods()).Actions)
}

// lawful checks what must hold of every plan, whatever went before.
func lawful(claims []Claim, methods []Method, p Plan) error {
	byRef := map[string]Claim{}
	for _, c := range claims {
		byRef[c.Ref] = c
	}
	if len(p.Verdicts) != len(claims) {
		return fmt.Errorf("%d verdicts for %d claims", len(p.Verdicts), len(claims))
	}
	holders := map[phone.Type]string{}
	for ref, v := range p.Verdicts {
		c, ok := byRef[ref]
		switch {
		case !ok:
			return fmt.Errorf("a verdict for %s, which is no claim", ref)
		case v.Outcome >= Released && !c.Terminating, c.Terminating && v.Outcome < Released &&
			v.Outcome != Pending && v.Outcome != Privileged:
			return fmt.Errorf("outcome %d for %s, leaving=%v", v.Outcome, ref, c.Terminating)
		case v.Outcome == Synced && v.Owns:
			if other := holders[c.Type]; other != "" {
				return fmt.Errorf("%s and %s are both in sync as %s", other, ref, c.Type)
			}
			holders[c.Type] = ref
		}
		if !tellsWhatIsThere(v.Method, c.Type, methods, p) && (v.Method != nil || v.Outcome != Privileged) {
			return fmt.Errorf("the verdict on %s shows a phone that Graph does not, or none", ref)
		}
	}
	for _, a := range p.Actions {
		c, ok := byRef[a.For]
		switch {
		case !ok || c.Type != a.Type:
			return fmt.Errorf("%v %s: no claim speaks for it", a.Verb, a.Type)
		case c.Suspended || isHeld(c, a.Verb):
			return fmt.Errorf("%v %s for %s, which may not", a.Verb, a.Type, a.For)
		case c.Barred != NotBarred && a.Verb != Delete:
			return fmt.Errorf("%v %s for %s, which is barred", a.Verb, a.Type, a.For)
		case (a.Verb == Create || a.Verb == Update) && a.Number != c.Number:
			return fmt.Errorf("%v %s with a number that %s does not say", a.Verb, a.Type, a.For)
		case a.Verb == Delete && !mayDelete(c, methods):
			return fmt.Errorf("delete %s for %s, which neither made nor adopted it", a.Type, a.For)
		case p.Verdicts[a.For].Verb != a.Verb:
			return fmt.Errorf("%v %s for %s, whose verdict means another write", a.Verb, a.Type, a.For)
		}
	}
	return nil
}

// tellsWhatIsThere reports whether m is what Graph shows of a type. Of a phone that the
// plan deletes a verdict may show nothing.
func tellsWhatIsThere(m *Method, t phone.Type, methods []Method, p Plan) bool {
	i := slices.IndexFunc(methods, func(shown Method) bool { return shown.Type == t })
	switch {
	case m != nil:
		return i >= 0 && *m == methods[i]
	case i >= 0:
		return slices.ContainsFunc(p.Actions, func(a Action) bool { return a.Type == t && a.Verb == Delete })
	}
	return true
}

func mayDelete(c Claim, methods []Method) bool {
	if !c.Terminating || c.Delete == OrphanMethod {
		return false
	}
	i := slices.IndexFunc(methods, func(m Method) bool { return m.Type == c.Type })
	return i >= 0 && (c.Holder || c.Pending != "" && c.Pending == methods[i].Number.Masked())
}

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// claim makes a claim of Ref "people/<name>" for numberA of a mobile; the
// options change that.
func claim(name string, options ...func(*Claim)) Claim {
	c := Claim{Ref: "people/" + name, Created: epoch, Type: phone.Mobile, Number: numberA}
	for _, o := range options {
		o(&c)
	}
	return c
}

func on(t phone.Type) func(*Claim)        { return func(c *Claim) { c.Type = t } }
func saying(n phone.Number) func(*Claim)  { return func(c *Claim) { c.Number = n } }
func leaving(c *Claim)                    { c.Terminating = true }
func suspended(c *Claim)                  { c.Suspended = true }
func changed(c *Claim)                    { c.Changed, c.Edited = true, true }
func requested(c *Claim)                  { c.Changed = true }
func exactly(n phone.Number) func(*Claim) { return func(c *Claim) { c.Was = n } }
func younger(c *Claim)                    { c.Created = epoch.Add(time.Hour) }
func orphaning(c *Claim)                  { c.Delete = OrphanMethod }
func reporting(c *Claim)                  { c.Drift = ReportDrift }
func always(c *Claim)                     { c.Adopt = AdoptAlways }
func never(c *Claim)                      { c.Adopt = AdoptNever }
func sms(s SMSSignIn) func(*Claim)        { return func(c *Claim) { c.SMS = s } }
func barred(b Barrier) func(*Claim)       { return func(c *Claim) { c.Barred = b } }
func protected(c *Claim)                  { c.Holds = c.Holds.With(ProtectedUser, AllWrites) }
func unsettled(c *Claim)                  { c.Holds = c.Holds.With(Unsettled, AllWrites) }
func overBudget(c *Claim)                 { c.Holds = c.Holds.With(OverBudget, SetOf(Delete)) }
func denied(v ...Verb) func(*Claim) {
	return func(c *Claim) { c.Holds = c.Holds.With(NotAllowed, SetOf(v...)) }
}
func refused(v ...Verb) func(*Claim) {
	return func(c *Claim) { c.Holds = c.Holds.With(Refused, SetOf(v...)) }
}
func creating(n phone.Number) func(*Claim) { return func(c *Claim) { c.Pending = n.Masked() } }
func holding(last phone.Number) func(*Claim) {
	return func(c *Claim) { c.Holder, c.Last = true, last.Masked() }
}

// lost is of a claim whose number was in Graph, and the phone is another's, or was.
func lost(last phone.Number) func(*Claim) { return func(c *Claim) { c.Last = last.Masked() } }

func shows(t phone.Type, n phone.Number) Method {
	return Method{Type: t, Number: reading(n), SMS: freshSMS(t)}
}

func showsSMS(n phone.Number, s phone.SMSSignInState) Method {
	return Method{Type: phone.Mobile, Number: reading(n), SMS: s}
}

func showsText(s string) Method { return Method{Type: phone.Mobile, Number: phone.Read(s)} }

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// isHeld reports whether a write must not be made for a claim, said once more in other words than
// the plan's.
func isHeld(c Claim, v Verb) bool {
	for _, verbs := range c.Holds {
		if verbs.Has(v) {
			return true
		}
	}
	return false
}
