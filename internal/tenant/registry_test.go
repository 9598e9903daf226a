package tenant

import (
	"testing"
	"time"

	"github.com/entraops/phone-operator/internal/throttle"
)

func TestATenantOfAnOldSpecIsNotGivenOut(t *testing.T) {
	for name, tc := range map[string]struct {
		put, expected Version
		want          bool
	}{
		"the spec that was seen": {Version{UID: "a", Generation: 2, Secret: "1"}, Version{UID: "a", Generation: 2}, true},
		"an older one":           {Version{UID: "a", Generation: 1}, Version{UID: "a", Generation: 2}, false},
		"a newer one":            {Version{UID: "a", Generation: 3}, Version{UID: "a", Generation: 2}, true},
		"that of one that was deleted and made anew":    {Version{UID: "a", Generation: 2}, Version{UID: "b", Generation: 1}, false},
		"the newest, when an older one is told of late": {Version{UID: "a", Generation: 3}, Version{UID: "a", Generation: 1}, true},
	} {
		t.Run(name, func(t *testing.T) {
			for order, do := range map[string]func(*Registry){
				"put first":      func(r *Registry) { r.Put(&Tenant{Name: "x", Version: tc.put}); r.Expect("x", tc.expected) },
				"expected first": func(r *Registry) { r.Expect("x", tc.expected); r.Put(&Tenant{Name: "x", Version: tc.put}) },
			} {
				r := NewRegistry()
				do(r)
				if _, got := r.Get("x"); got != tc.want {
					t.Errorf("%s: given out: %v, want %v", order, got, tc.want)
				}
				if last, ok := r.Last("x"); !ok || last.Version != tc.put || r.Outdated(last) == tc.want {
					t.Errorf("%s: the last one is %v, %v", order, last, ok)
				}
			}
		})
	}
}

func TestWhatWasExpectedDoesNotGrowOlder(t *testing.T) {
	r := NewRegistry()
	r.Expect("x", Version{UID: "a", Generation: 2})
	r.Expect("x", Version{UID: "a", Generation: 1})
	r.Put(&Tenant{Name: "x", Version: Version{UID: "a", Generation: 1}})
	if _, ok := r.Get("x"); ok {
		t.Error("an old spec is worked with")
	}
	r.Remove("x")
	r.Put(&Tenant{Name: "x"})
	if _, ok := r.Get("x"); !ok {
		t.Error("what was removed is still expected")
	}
}

func TestThePauseOfATenantOutlivesItsEdits(t *testing.T) {
	r := NewRegistry()
	first := r.Throttle("x", time.Now, throttle.Pace{})
	r.Put(&Tenant{Name: "x", Version: Version{Generation: 1}, Throttle: first})
	if r.Throttle("x", time.Now, throttle.Pace{}) != first {
		t.Error("another version has another throttle")
	}
	if r.Throttle("y", time.Now, throttle.Pace{}) == first {
		t.Error("another tenant has the same throttle")
	}
}

// lost is the error of a call that nothing answered.
type lost struct{}

func (lost) Error() string    { return "no answer" }
func (lost) Unanswered() bool { return true }

func TestANewVersionBeginsWithAClosedCircuit(t *testing.T) {
	r := NewRegistry()
	now := time.Now()
	x := &Tenant{Name: "x", Version: Version{Generation: 1}, Throttle: r.Throttle("x", func() time.Time { return now }, throttle.Pace{})}
	r.Put(x)
	_, ticket, err := x.Throttle.Admit(t.Context(), throttle.High, throttle.Directory)
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	ticket.Done(lost{})
	again := *x
	r.Put(&again)
	if _, open := x.Throttle.State(); !open {
		t.Error("the same version closes it")
	}
	edited := *x
	edited.Version.Generation = 2
	r.Put(&edited)
	if _, open := x.Throttle.State(); open {
		t.Error("a new version finds it open")
	}
}

func TestATenantThatIsAloneMayHoldAllWorkers(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Registry)
		want   int
	}{
		"alone":                        {func(*Registry) {}, 16},
		"beside another":               {func(r *Registry) { r.Put(&Tenant{Name: "y"}) }, 12},
		"beside one that was removed":  {func(r *Registry) { r.Put(&Tenant{Name: "y"}); r.Remove("y") }, 16},
		"beside itself, edited":        {func(r *Registry) { r.Put(&Tenant{Name: "x"}) }, 16},
		"with workers that are shared": {func(r *Registry) { r.Put(&Tenant{Name: "y"}); r.ShareWorkers(4) }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewRegistry()
			r.ShareWorkers(16)
			x := r.Throttle("x", time.Now, throttle.Pace{})
			x.SetCeilings(1000, 1000)
			r.Put(&Tenant{Name: "x"})
			tc.change(r)
			held := 0
			for held < 16 {
				if _, _, err := x.Admit(t.Context(), throttle.High, throttle.Directory); err != nil {
					break
				}
				held++
			}
			if held != tc.want {
				t.Errorf("it holds %d, want %d", held, tc.want)
			}
		})
	}
}
