package throttle

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// clock is a time that stands until it is moved.
type clock struct{ at time.Time }

func (c *clock) now() time.Time          { return c.at }
func (c *clock) advance(d time.Duration) { c.at = c.at.Add(d) }

func newClock() *clock { return &clock{time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)} }

func newThrottle() (*Throttle, *clock) {
	clock := newClock()
	return New(clock.now, nil, "contoso"), clock
}

func said(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// send lets a request of the directory through, whatever the throttle would say.
func (t *Throttle) send() sent { return t.sendTo(Directory) }

func (t *Throttle) sendTo(c Class) sent {
	t.last++
	return sent{sequence: t.last, at: t.now(), class: c}
}

// exchange sends one request at once and hears the answer after a latency.
func (c *clock) exchange(t *Throttle, status int, h http.Header) {
	c.exchangeWith(t, Directory, status, h)
}

func (c *clock) exchangeWith(t *Throttle, class Class, status int, h http.Header) {
	s := t.sendTo(class)
	c.advance(10 * time.Millisecond)
	t.observe(s, status, h)
}

func TestThePauseIsAsLongAsGraphSays(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		header http.Header
		want   time.Duration
	}{
		"a 429 in seconds":           {429, said("Retry-After", "17"), 17 * time.Second},
		"a 429 with a date":          {429, said("Retry-After", "Wed, 02 Jan 2030 03:04:35 GMT", "Date", "Wed, 02 Jan 2030 03:04:05 GMT"), 30 * time.Second},
		"a date of a skewed clock":   {429, said("Retry-After", "Wed, 02 Jan 2030 09:04:35 GMT", "Date", "Wed, 02 Jan 2030 09:04:05 GMT"), 30 * time.Second},
		"a date, the clock unknown":  {429, said("Retry-After", "Wed, 02 Jan 2030 03:04:35 GMT"), 30*time.Second - 10*time.Millisecond},
		"a 503 that says when":       {503, said("Retry-After", "5"), 5 * time.Second},
		"a 503 that does not":        {503, said(), 0},
		"a 503 with a date gone by":  {503, said("Retry-After", "Wed, 02 Jan 2030 03:04:00 GMT"), 0},
		"an answer near the limit":   {200, said("x-ms-throttle-limit-percentage", "0.9"), 0},
		"a success with Retry-After": {200, said("Retry-After", "9"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			th, clock := newThrottle()
			clock.exchange(th, c.status, c.header)
			if got := th.Pause(); got != c.want {
				t.Errorf("paused for %v, want %v", got, c.want)
			}
			if paused, open := th.State(); paused != (c.want > 0) || open {
				t.Errorf("paused %v, open %v", paused, open)
			}
		})
	}
}

func TestALongerPauseIsNotShortened(t *testing.T) {
	th, clock := newThrottle()
	s := th.send()
	clock.advance(time.Millisecond)
	for _, seconds := range []string{"3", "20", "1"} {
		th.observe(s, 429, said("Retry-After", seconds))
	}
	if got := th.Pause(); got != 20*time.Second {
		t.Errorf("paused for %v", got)
	}
}

func TestWithoutRetryAfterThePauseGrowsWithEachRefusalInARow(t *testing.T) {
	th, clock := newThrottle()
	// A server that asks to be asked at once while it refuses says nothing of use.
	unsaid := []http.Header{said(), said("Retry-After", "0"), said("Retry-After", "Wed, 02 Jan 2030 03:04:00 GMT")}
	want := 5 * time.Second
	for range 10 {
		var together [16]sent
		for i := range together {
			together[i] = th.send()
		}
		clock.advance(time.Millisecond)
		for i, s := range together { // what was on its way together counts once
			th.observe(s, 429, unsaid[i%len(unsaid)])
		}
		if got := th.Pause(); got < want || got >= want*3/2+time.Millisecond {
			t.Fatalf("paused for %v, want %v and up to half of it more", got, want)
		}
		clock.advance(th.Pause())
		want = min(2*want, 5*time.Minute)
	}
	clock.advance(time.Second)
	clock.exchange(th, 200, said())
	clock.advance(time.Second)
	clock.exchange(th, 429, said())
	if got := th.Pause(); got >= 8*time.Second {
		t.Errorf("after a success it is paused for %v", got)
	}
}

func TestThePauseOfA429WithoutATimeShrinksOnlyWithASuccessAfterIt(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		early  bool // sent before the pause
		shrink bool
	}{
		"a success":                 {200, false, true},
		"a success from before":     {200, true, false},
		"an error":                  {500, false, false},
		"a busy one without a time": {503, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			th, clock := newThrottle()
			s := th.send()
			for range 3 {
				clock.exchange(th, 429, said())
				clock.advance(th.Pause())
			}
			if !tc.early {
				s = th.send()
			}
			th.observe(s, tc.status, said())
			clock.exchange(th, 429, said())
			if got := th.Pause(); (got < 8*time.Second) != tc.shrink {
				t.Errorf("then it is paused for %v", got)
			}
		})
	}
}

// Each reconcile asks the directory before it asks for authentication methods.
func TestThePauseOfA429WithoutATimeGrowsAlthoughTheOtherClassIsAnswered(t *testing.T) {
	for name, refused := range map[string]Class{"authentication methods": Authentication, "the directory": Directory} {
		t.Run(name, func(t *testing.T) {
			th, clock := newThrottle()
			for want := firstPause; want < longestPause; want *= 2 {
				clock.exchangeWith(th, Directory+Authentication-refused, 200, said())
				clock.exchangeWith(th, refused, 429, said())
				if got := th.Pause(); got < want {
					t.Fatalf("paused for %v, want %v at least", got, want)
				}
				clock.advance(th.Pause())
			}
			clock.exchangeWith(th, refused, 200, said())
			clock.exchangeWith(th, refused, 429, said())
			if got := th.Pause(); got >= 8*time.Second {
				t.Errorf("after a success it is paused for %v", got)
			}
		})
	}
}

// A clock may stand still from one request to the next.
func TestARefusalAtTheInstantOfAnotherIsNews(t *testing.T) {
	th, _ := newThrottle()
	th.observe(th.send(), 429, said("Retry-After", "1"))
	th.observe(th.send(), 429, said())
	if got := th.Pause(); got < firstPause {
		t.Errorf("paused for %v", got)
	}
}

func TestTheLimitPercentageIsReadLeniently(t *testing.T) {
	got := map[string]float64{}
	for _, value := range []string{"", "0.85", "1.8", "85", "-1", "NaN", "none"} {
		got[value] = limitShare(said("x-ms-throttle-limit-percentage", value))
	}
	want := map[string]float64{"": 0, "0.85": 0.85, "1.8": 1.8, "85": 0, "-1": 0, "NaN": 0, "none": 0}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheClassOfARequestIsInItsPath(t *testing.T) {
	for path, want := range map[string]Class{
		"/v1.0/users/ada@contoso.com":                                                    Directory,
		"/v1.0/users/0f1c/authentication/phoneMethods":                                   Authentication,
		"/beta/users/0f1c/authentication/phoneMethods/3179e48a/enableSmsSignIn":          Authentication,
		"/gateway/v1.0/users/0f1c/authentication/methods":                                Authentication,
		"/v1.0/roleManagement/directory/roleAssignments":                                 Directory,
		"/v1.0/reports/authenticationMethods/userRegistrationDetails":                    Reports,
		"/gateway/beta/auditLogs/directoryAudits":                                        Reports,
		"/v1.0/users/authentication":                                                     Directory,
		"/v1.0/users/0f1c/transitiveMemberOf/microsoft.graph.group":                      Directory,
		"/v1.0/roleManagement/directory/roleEligibilityScheduleInstances/authentication": Directory,
	} {
		if got := ClassOf(path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}
