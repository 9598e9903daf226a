package plan

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/internal/phone"
)

// worlds draws any claims and any lawful user: what the controller could meet,
// and more. Holders need not be plausible; a crash can leave almost anything.
func worlds(t *rapid.T) world {
	numbers := rapid.SampledFrom([]phone.Number{numberA, numberB, twinOfA})
	w := world{graph: entra{}}
	for _, ty := range phone.Types() {
		if _, mobile := w.graph[phone.Mobile]; ty == phone.AlternateMobile && !mobile {
			continue
		}
		if rapid.Bool().Draw(t, "in Graph: "+string(ty)) {
			w.graph[ty] = phoneInGraph{number: numbers.Draw(t, "number"), sms: freshSMS(ty)}
		}
	}
	if p, ok := w.graph[phone.Mobile]; ok {
		p.sms = rapid.SampledFrom([]phone.SMSSignInState{
			phone.Ready, phone.NotEnabled, phone.NumberNotUnique, phone.NotAllowedByPolicy,
		}).Draw(t, "sms state")
		w.graph[phone.Mobile] = p
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "claims") {
		c := Claim{
			Ref:         fmt.Sprintf("people/%d", i),
			Created:     epoch.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "age")) * time.Second),
			Type:        rapid.SampledFrom(phone.Types()).Draw(t, "type"),
			Number:      numbers.Draw(t, "claimed number"),
			Adopt:       AdoptionPolicy(rapid.IntRange(0, 2).Draw(t, "adopt")),
			Drift:       DriftPolicy(rapid.IntRange(0, 1).Draw(t, "drift")),
			Delete:      DeletionPolicy(rapid.IntRange(0, 1).Draw(t, "delete")),
			Terminating: rapid.Bool().Draw(t, "leaving"),
			Suspended:   rapid.IntRange(0, 5).Draw(t, "suspended") == 0,
			Holder:      rapid.Bool().Draw(t, "holder"),
			Changed:     rapid.Bool().Draw(t, "changed"),
			Barred:      Barrier(max(0, rapid.IntRange(-6, 3).Draw(t, "barred"))),
			Holds: Holds{
				NotAllowed:    rapid.SampledFrom([]Verbs{0, 0, 0, SetOf(Create), SetOf(Update, EnableSMS, DisableSMS), SetOf(Delete)}).Draw(t, "not allowed"),
				ProtectedUser: rapid.SampledFrom([]Verbs{0, 0, 0, 0, 0, 0, 0, 0, AllWrites}).Draw(t, "protected"),
				Unsettled:     rapid.SampledFrom([]Verbs{0, 0, 0, 0, 0, 0, 0, 0, AllWrites}).Draw(t, "unsettled"),
				Refused:       rapid.SampledFrom([]Verbs{0, 0, 0, SetOf(Create), SetOf(Update), SetOf(Delete), SetOf(EnableSMS)}).Draw(t, "refused"),
				OverBudget:    rapid.SampledFrom([]Verbs{0, 0, 0, 0, 0, 0, 0, 0, SetOf(Delete)}).Draw(t, "over budget"),
			},
		}
		c.Edited = c.Changed && rapid.Bool().Draw(t, "edited")
		if c.Type == phone.Mobile {
			c.SMS = SMSSignIn(rapid.IntRange(0, 2).Draw(t, "sms"))
		}
		if c.Barred == InvalidNumber || c.Barred == NumberSourceNotFound {
			c.Number = phone.Number{}
		}
		if c.Holder || rapid.Bool().Draw(t, "was in sync") {
			last := numbers.Draw(t, "last")
			c.Last = last.Masked()
			if c.Holder && rapid.Bool().Draw(t, "known") {
				c.Was = last
				c.Changed = c.Changed || last != c.Number // as the controller has it
			}
		}
		// A create that was begun and not done, beside a phone from elsewhere, may
		// end in two ways, both right; the tables have it.
		if p, ok := w.graph[c.Type]; !c.Holder && rapid.Bool().Draw(t, "began") {
			c.Pending = numbers.Draw(t, "creating").Masked()
			if ok {
				c.Pending = p.number.Masked()
			}
		}
		w.claims = append(w.claims, c)
	}
	return w
}

func TestAnyOrderOfClaimsAndMethodsGivesTheSamePlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worlds(t)
		methods := w.graph.methods()
		want := Compute(w.claims, methods)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		r.Shuffle(len(w.claims), func(i, j int) { w.claims[i], w.claims[j] = w.claims[j], w.claims[i] })
		r.Shuffle(len(methods), func(i, j int) { methods[i], methods[j] = methods[j], methods[i] })
		if diff := cmp.Diff(want, Compute(w.claims, methods), compareNumbers); diff != "" {
			t.Error(diff)
		}
	})
}

func TestComputeChangesNoArgument(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worlds(t)
		claims, methods := slices.Clone(w.claims), w.graph.methods()
		Compute(claims, methods)
		if diff := cmp.Diff(w.claims, claims, compareNumbers); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(w.graph.methods(), methods, compareNumbers); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAStopAfterAnyActionIsGoneOnFrom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worlds(t)
		if err := stopAnywhere(w); err != nil {
			t.Error(err)
		}
	})
}

// stopAnywhere stops w's first pass after 0, 1, 2 ... actions without a record of
// them, plans again, and wants to end where an undisturbed world ends.
func stopAnywhere(w world) error {
	calm := w.clone()
	if err := calm.settle(); err != nil {
		return err
	}
	for stop := 0; ; stop++ {
		broken := w.clone()
		_, err := broken.pass(stop)
		if err != nil {
			return err
		}
		finished := len(Compute(broken.claims, broken.graph.methods()).Actions) == 0
		if err := broken.settle(); err != nil {
			return fmt.Errorf("after a stop at %d: %w", stop, err)
		}
		if !maps.Equal(calm.graph, broken.graph) {
			diff := cmp.Diff(calm.graph, broken.graph, compareNumbers, cmp.AllowUnexported(phoneInGraph{}))
			return fmt.Errorf("after a stop at %d Graph is another (-calm +stopped): %s", stop, diff)
		}
		if finished || stop > 20 {
			return nil
		}
	}
}

// TestOneOwnerPerPhoneType: at rest at most one claim that stays holds a type,
// and what it holds is in Graph unless it reports its absence.
func TestOneOwnerPerPhoneType(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worlds(t)
		if err := w.settle(); err != nil {
			t.Fatal(err)
		}
		for _, ty := range phone.Types() {
			var synced []string
			for ref, v := range Compute(w.claims, w.graph.methods()).Verdicts {
				c := w.claim(ref)
				if c.Type != ty || c.Terminating || v.Outcome != Synced {
					continue
				}
				synced = append(synced, ref)
				if p, ok := w.graph[ty]; !ok || p.number != c.Number {
					t.Errorf("%s is in sync and Graph has another %s, or none", ref, ty)
				}
			}
			if len(synced) > 1 {
				t.Errorf("%v are in sync as one %s", synced, ty)
			}
		}
	})
}

func TestWhatNoClaimSpeaksForIsNotTouched(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worlds(t)
		before := w.clone()
		if err := w.settle(); err != nil {
			t.Fatal(err)
		}
		for _, ty := range phone.Types() {
			spoken := slices.ContainsFunc(before.claims, func(c Claim) bool { return c.Type == ty })
			if !spoken && before.graph[ty] != w.graph[ty] {
				t.Errorf("%s was changed and no claim is about it", ty)
			}
		}
	})
}

var compareNumbers = cmp.Options{
	cmp.Comparer(func(a, b phone.Number) bool { return a == b }),
	cmp.Comparer(func(a, b phone.Reading) bool { return a == b }),
}
