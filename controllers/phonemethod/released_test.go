package phonemethod

import (
	"net/http"
	"testing"
	"time"
)

// The cache may go on showing a resource for a while after it was released. What the user gets
// meanwhile is not its phone.
func TestAReleasedResourceThatTheCacheStillShowsHasNoPhone(t *testing.T) {
	told(t, func(m *model) {
		m.take(creates("people/a", ada, mobileType, number(numberOne)), works(busy), waits(10*time.Minute), deletes("people/a"))
		p := m.process
		for len(p.informer.pending) > 0 {
			p.informer.arrive(p.Reconciler, p.work)
		}
		key, _ := m.due()
		p.informer.behind = busy
		m.pass(key)
		if m.cluster.pams[keyFor("people/a")] != nil || m.sent(http.MethodDelete) != 1 {
			t.Fatalf("it is not released: %d deletions", m.sent(http.MethodDelete))
		}
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
}
