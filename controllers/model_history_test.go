package controllers

import (
	"os"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"
)

// TestModel plays random histories against a model of what must hold, each on a
// clock of its own. It is played on request: it is stricter about equal times on
// that clock than the pace of a tenant is.
func TestModel(t *testing.T) {
	if os.Getenv("MODEL") == "" {
		t.Skip("set MODEL=1 to play random histories")
	}
	defer func() { t.Logf("%+v", seen) }()
	rapid.Check(t, func(rt *rapid.T) {
		var broken *violation
		bubble(t, func() {
			m := newModel(rt.Logf)
			actions := m.actions()
			actions[""] = func(*rapid.T) { m.stopIfBroken() }
			defer func() {
				if r := recover(); r != nil {
					if v, ok := r.(violation); ok {
						broken = &v
						rt.Logf("at the end:\n%s", m.describe())
						return
					}
					panic(r)
				}
			}()
			rt.Repeat(actions)
			m.settle()
			m.stopIfBroken()
			seen.histories++
			seen.passes += m.passes
			seen.writes += m.writes
		})
		if broken != nil {
			failAs(rt, *broken, int(broken.rule))
		}
	})
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

var seen struct{ histories, passes, writes, kills, faults int }
