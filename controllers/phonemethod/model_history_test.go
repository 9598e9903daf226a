package phonemethod

import (
	"flag"
	"maps"
	"slices"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/internal/emulator"
)

// histories is how many TestModel plays unless -rapid.checks says, and five times as
// many as with -short. Two cores play thousands in a minute.
const histories = "500"

// plausible are the Graphs that the model plays in: what nobody knows of the real
// one must not matter.
var plausible = emulator.Variants()

// TestModel plays random histories against a model of what must hold, each on a
// clock of its own and in one of the plausible Graphs.
func TestModel(t *testing.T) {
	defer func() { t.Logf("%+v", seen) }()
	check(t, histories, func(rt *rapid.T) {
		play(t, rt, func(m *model) {
			m.assume(plausible[rapid.SampledFrom(slices.Sorted(maps.Keys(plausible))).Draw(rt, "Graph")])
			actions := m.actions()
			actions[""] = func(*rapid.T) { m.stopIfBroken() }
			rt.Repeat(actions)
			m.settle()
			m.stopIfBroken()
			seen.histories++
			seen.passes += m.passes
		})
	})
}

// check is rapid.Check with so many checks, unless -rapid.checks says how many.
func check(t *testing.T, checks string, property func(*rapid.T)) {
	if given := flag.Lookup("rapid.checks"); given.Value.String() == given.DefValue {
		must(given.Value.Set(checks))
		defer func() { must(given.Value.Set(given.DefValue)) }()
	}
	rapid.Check(t, property)
}

// play plays a history, and fails if it breaks a rule.
func play(t *testing.T, rt *rapid.T, history func(*model)) {
	var broken *violation
	bubble(t, func() {
		m := newModel(rt.Logf)
		defer func() {
			switch r := recover().(type) {
			case nil:
			case violation:
				broken = &r
				rt.Logf("at the end:\n%s", m.describe())
			default:
				panic(r)
			}
		}()
		history(m)
	})
	if broken != nil {
		failAs(rt, *broken, int(broken.rule))
	}
}

func (m *model) stopIfBroken() {
	if len(m.violations) > 0 {
		panic(m.violations[0])
	}
}

// failAs fails the history. rapid tells one failure from another by its stack,
// and so each rule has one of its own.
func failAs(rt *rapid.T, v violation, depth int) {
	if depth > 0 {
		failAs(rt, v, depth-1)
		return
	}
	rt.Fatalf("%s", v.what)
}

// bubble runs a history on a clock of its own, which jumps to what is next as soon
// as everybody waits. A panic in it comes out.
func bubble(t *testing.T, history func()) {
	var panicked any
	synctest.Test(t, func(*testing.T) {
		defer func() { panicked = recover() }()
		history()
	})
	if panicked != nil {
		panic(panicked)
	}
}

// seen tells what all histories came to.
var seen struct{ histories, passes, writes, refused, kills int }
