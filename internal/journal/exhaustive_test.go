package journal

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/internal/phone"
)

// The world of one phone is small. TestEverySmallWorld goes through all of it, within so many
// steps and faults: each step is an edit, a deletion or time that goes by, and a reconcile. A
// fault is a lost, late, wrong or refused answer, a read that lags or is masked, another client,
// or a kill, before a reconcile or in the middle of a write. In each of them
//
//   - no other write is sent before it is known what became of the last one, or its hold is over,
//   - no create takes the place of one of another number that may land,
//   - nothing that was acknowledged is written twice,
//   - a create is not called rejected whose phone was there when Graph refused it,
//   - what is believed is never older than what was believed before,
//   - every entry is settled in the end, Graph has what the resource says, and no phone is left
//     behind by a resource that is gone.

var deep = flag.Bool("deep", false, "go through larger worlds, which takes minutes")

// choices goes through all ways to decide what a world leaves open.
type choices struct {
	taken, of []int
	at        int
}

func (c *choices) pick(_ string, n int) int {
	if c.at == len(c.taken) {
		c.taken, c.of = append(c.taken, 0), append(c.of, n)
	}
	c.at++
	return c.taken[c.at-1]
}

// next turns to the next way, and reports whether there is one.
func (c *choices) next() bool {
	c.at = 0
	for i := len(c.taken) - 1; i >= 0; i-- {
		if c.taken[i]++; c.taken[i] < c.of[i] {
			c.taken, c.of = c.taken[:i+1], c.of[:i+1]
			return true
		}
	}
	return false
}

func TestEverySmallWorld(t *testing.T) {
	type size struct{ steps, faults int }
	sizes := []size{{2, 4}, {3, 3}, {4, 2}}
	switch {
	case *deep:
		sizes = []size{{2, 6}, {4, 3}, {5, 2}}
	case testing.Short():
		sizes = []size{{3, 2}}
	}
	for _, s := range sizes {
		t.Run(fmt.Sprintf("%d steps, %d faults", s.steps, s.faults), func(t *testing.T) {
			t.Parallel()
			c, worlds := &choices{}, 0
			for more := true; more; more = c.next() {
				w := newWorld(c.pick, s.faults)
				w.live(s.steps)
				if worlds++; len(w.problems) > 0 {
					t.Fatalf("%v\n%s", w.problems, w.describe())
				}
			}
			t.Logf("%d worlds", worlds)
		})
	}
}

// The same properties hold of longer lives, of which there are too many for all.
func TestAnyLongLife(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pick := func(what string, n int) int { return rapid.IntRange(0, n-1).Draw(t, what) }
		w := newWorld(pick, rapid.IntRange(0, 3).Draw(t, "faults"))
		w.live(rapid.IntRange(4, 12).Draw(t, "steps"))
		if len(w.problems) > 0 {
			t.Fatalf("%v\n%s", w.problems, w.describe())
		}
	})
}

// live has so many steps happen, and then waits for the world to come to rest.
func (w *world) live(steps int) {
	for range steps {
		w.step()
	}
	w.faults = 0
	w.note("no more faults")
	for quiet := w.now; w.now.Sub(quiet) < 2*resync; {
		wait := w.next
		if wait == 0 {
			wait = resync
		}
		w.pass(wait)
		w.reconcile()
		if w.now.Sub(quiet) > 2*time.Minute && w.next == 0 && len(w.journal.entries) == 0 {
			break
		}
	}
	w.judgeRest()
}

// judgeRest holds the world at rest to what must have come of it.
func (w *world) judgeRest() {
	m := w.graph()
	switch {
	case w.foreign && !w.touched:
		if m != foreignMethod {
			w.broken("a phone that was there before is written over: Graph has %v", m)
		}
	case w.gone && m != nil && !w.touched && !w.veiled: // a mask tells nobody whose the phone is
		w.broken("the resource is gone, and its phone is not")
	case w.gone:
	case len(w.journal.entries) > 0:
		w.broken("%d entries are not settled", len(w.journal.entries))
	case w.claim.Terminating && !w.touched:
		w.broken("the resource does not go")
	case !w.claim.Terminating && !w.touched && (m == nil || m.Number.Compare(w.claim.Number) != phone.Equal):
		w.broken("Graph has %v, which is not what the resource says", m)
	}
}
