package plan

import (
	"maps"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entraops/phone-operator/internal/phone"
)

// The world of one user is small. The tests of this file go through all of it,
// within what is said beside each list, and hold every property on every state.

// wishes are one claim's ways to be: staying, leaving or suspended; holder or
// not; saying the number that is in Graph or another; every policy.
func wishes(full bool) []func(*Claim) {
	var all []func(*Claim)
	for _, mood := range []func(*Claim){func(*Claim) {}, leaving, suspended} {
		for _, n := range []phone.Number{numberA, numberB} {
			for _, held := range []bool{false, true} {
				for policies := range 12 {
					adopt, drift, del := AdoptionPolicy(policies%3), DriftPolicy(policies/3%2), DeletionPolicy(policies/6)
					// Where the other type varies too, the policies vary together.
					if !full && (int(adopt)%2 != int(drift) || int(drift) != int(del)) {
						continue
					}
					all = append(all, func(c *Claim) {
						mood(c)
						c.Number, c.Holder, c.Adopt, c.Drift, c.Delete = n, held, adopt, drift, del
						if held {
							c.Last = numberA.Masked()
						}
					})
				}
			}
		}
	}
	return all
}

// slots are the ways one phone type can be claimed by nobody, one or two.
func slots(t phone.Type, full bool) [][]Claim {
	sets := [][]Claim{nil}
	for _, w := range wishes(full) {
		sets = append(sets, []Claim{claim("1-"+string(t), on(t), w)})
	}
	second := wishes(full)
	for _, w := range wishes(full) {
		for _, v := range second {
			sets = append(sets, []Claim{claim("1-"+string(t), on(t), w), claim("2-"+string(t), on(t), younger, v)})
		}
	}
	return sets
}

// graphs are the lawful states of one phone type: none, the number that the
// claims mean, one from elsewhere.
var graphs = []phone.Number{{}, numberA, foreign}

func TestEveryStateOfOnePhoneType(t *testing.T) {
	exhaust(t, func(try func(world)) {
		for _, claims := range slots(phone.Office, true) {
			for _, n := range graphs {
				try(world{graph: inGraph(phone.Office, n), claims: claims})
			}
		}
	})
}

func TestEveryStateOfMobileAndAlternateMobile(t *testing.T) {
	mobiles, alternates := slots(phone.Mobile, false), slots(phone.AlternateMobile, false)
	// Of three claims every 37th state and of four every 997th: the types meet in
	// few ways, and one type's own ways are all above. All of them are twelve million.
	stride := []int{1, 1, 1, 37, 997}
	exhaust(t, func(try func(world)) {
		for i, mobile := range mobiles {
			for j, alternate := range alternates {
				if skip := stride[len(mobile)+len(alternate)]; (i+j)%skip != 0 {
					continue
				}
				claims := append(append([]Claim{}, alternate...), mobile...)
				for _, m := range graphs {
					for _, a := range graphs {
						if m.IsZero() && !a.IsZero() {
							continue // Graph has no alternateMobile without a mobile
						}
						g := inGraph(phone.Mobile, m)
						maps.Copy(g, inGraph(phone.AlternateMobile, a))
						try(world{graph: g, claims: claims})
					}
				}
			}
		}
	})
}

func inGraph(t phone.Type, n phone.Number) entra {
	if n.IsZero() {
		return entra{}
	}
	return entra{t: {number: n, sms: freshSMS(t)}}
}

// exhaust holds every state to what stopAnywhere checks: each plan is lawful,
// Graph accepts every action, a stop after any of them is gone on from, and it
// ends. It says how many states that were.
func exhaust(t *testing.T, states func(try func(world))) {
	t.Helper()
	start := time.Now()
	var n atomic.Int64
	work := make(chan world, 1024)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for w := range work {
				n.Add(1)
				if err := stopAnywhere(w); err != nil && !t.Failed() {
					t.Errorf("%v\nclaims: %+v\nGraph: %+v", err, w.claims, w.graph)
				}
			}
		})
	}
	states(func(w world) { work <- w.clone() })
	close(work)
	wg.Wait()
	t.Logf("%d states in %v", n.Load(), time.Since(start).Round(time.Millisecond))
}
