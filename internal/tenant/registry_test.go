package tenant

import "testing"

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
