package phonemethod

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// The cache may go on showing a resource for a while after it was released. What the user gets
// meanwhile is not its phone.
func TestAReleasedResourceThatTheCacheStillShowsHasNoPhone(t *testing.T) {
	nothing := step{"nothing happens", func(*model) {}}
	for name, c := range map[string]struct {
		faults []apiFault // of the write that releases it, and of the one after it
		part   says
		after  step // what happens when it is released
	}{
		"the API server answers":                         {nil, suspended(false), nothing},
		"the answer is lost":                             {[]apiFault{apiFailsAfter}, suspended(false), nothing},
		"the answer is lost, and the API server is away": {[]apiFault{apiFailsAfter, apiFailsBefore}, suspended(false), nothing},
		"another finalizer keeps it":                     {nil, says{"another finalizer", func(o *pam) { addFinalizer(o, "example.com/own") }}, nothing},
		"another resource has its name":                  {nil, suspended(false), creates("people/a", ada, mobileType, suspended(true))},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(creates("people/a", ada, mobileType, number(numberOne), c.part), works(busy), waits(10*time.Minute), deletes("people/a"))
				m.cacheStops()
				key, _ := m.due()
				m.apiFaults = c.faults
				m.pass(key)
				if o := m.cluster.pams[keyFor("people/a")]; o != nil && !isReleased(o) || m.sent(http.MethodDelete) != 1 {
					t.Fatalf("it is not released: %d deletions", m.sent(http.MethodDelete))
				}
				m.take(c.after)
				for range 10 {
					time.Sleep(10 * time.Second) //nolint:forbidigo // the clock is synctest's
					setsByHand(ada, mobileType, numberTwo).do(m)
					m.pass(key)
				}
				if n := m.sent(http.MethodDelete); n != 1 {
					t.Errorf("%d deletions, want the one that it asked for", n)
				}
				m.wants(t, numberTwo)
			})
		})
	}
}

// A cache that is far behind is not looked into all the time: where many users wait for it, that would keep it there.
func TestACacheThatIsBehindIsLookedIntoLessAndLessOften(t *testing.T) {
	told(t, func(m *model) {
		m.take(creates("people/a", ada, mobileType, number(numberOne)), works(busy), edits("people/a", number(numberTwo)))
		m.cacheStops()
		key, _ := m.due()
		m.pass(key)
		for _, c := range []struct{ later, wait time.Duration }{{0, 10 * time.Millisecond}, {2 * time.Second, 500 * time.Millisecond}, {8 * time.Second, time.Second}} {
			time.Sleep(c.later) //nolint:forbidigo // the clock is synctest's
			m.pass(key)
			if _, at, _ := m.process.work.first(); time.Until(at) < c.wait || time.Until(at) > c.wait*6/5 {
				t.Errorf("%v later it is looked again after %v, want %v", c.later, time.Until(at), c.wait)
			}
		}
	})
}

// A resource that was not released in the end is reconciled as ever: its user waits for nothing.
func TestAReleaseThatFailedIsDoneAgain(t *testing.T) {
	told(t, func(m *model) {
		m.take(creates("people/a", ada, mobileType, number(numberOne)), works(busy), waits(10*time.Minute), deletes("people/a"),
			apiFails(apiFailsBefore, apiFailsBefore), works(1), creates("people/b", ada, v1alpha1.PhoneTypeOffice, number(numberTwo)), waits(5*time.Second))
		if m.cluster.pams[keyFor("people/a")] != nil {
			t.Error("it is still there")
		}
		m.saysReady(t, "people/b", v1alpha1.ReasonReady)
	})
}

// The API server may delete a resource in the moment in which it gets its finalizer. Nothing is made for it again while
// the cache still shows it with its pending write.
func TestAResourceThatVanishedAndThatTheCacheStillShowsGetsNoPhone(t *testing.T) {
	told(t, func(m *model) {
		m.vanishes("people/a", m.cacheStops)
		// A written adoption policy has the phones read first, so that another create records nothing new.
		m.take(creates("people/a", ada, mobileType, number(numberOne), adopting(v1alpha1.AdoptIfNumberMatches)))
		of, _ := m.due()
		m.pass(of)
		for range 10 {
			time.Sleep(10 * time.Second) //nolint:forbidigo // the clock is synctest's
			m.pass(of)
		}
		if n := m.asked(creations); n != 1 {
			t.Errorf("%d creations, want the first", n)
		}
		m.wants(t, "")
	})
}

// A new leader does not know what the one before it released, and its cache may be behind, too. A phone that the user got
// meanwhile is nobody's to inherit.
func TestANewLeaderTakesNoPhoneOverFromAResourceThatIsGone(t *testing.T) {
	const allowed = "allowed"
	for name, byHand := range map[string]string{"another number": numberTwo, "the number of the rival": numberOne} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(ruled("a label permits", func(r *v1alpha1.AccessRule) { r.Namespaces.MatchLabels = map[string]string{allowed: "yes"} }),
					labels("people", allowed, "yes"), labels("staff", allowed, "no"), creates("people/a", ada, mobileType, number(numberOne)),
					creates("staff/b", ada, mobileType, number(numberOne), adopting(v1alpha1.AdoptNever)), waits(10*time.Minute), deletes("people/a"))
				m.cacheStops()
				stale := maps.Clone(m.process.informer.seen)
				m.take(waits(time.Minute), setsByHand(ada, mobileType, byHand), labels("staff", allowed, "yes"))
				m.startOperator()
				m.process.informer.seen = stale
				m.connectTenant()
				m.process.informer.behind = busy
				key, _ := m.due()
				for range 3 {
					m.pass(key)
					time.Sleep(time.Second) //nolint:forbidigo // the clock is synctest's
				}
				m.wants(t, byHand)
				if id := m.cluster.pams[keyFor("staff/b")].Status.ID; id != "" {
					t.Errorf("the rival holds %s", id)
				}
			})
		})
	}
}

// cacheStops has the cache show what is there now, and nothing of what comes.
func (m *model) cacheStops() {
	p := m.process
	for len(p.informer.pending) > 0 {
		p.informer.arrive(p.Reconciler, p.work)
	}
	p.informer.behind = busy
}
