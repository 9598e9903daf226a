package tenant

import (
	"testing"
	"time"
)

func TestSinceWhenEachUserWasRead(t *testing.T) {
	noon := time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
	users := map[string]bool{"ada": true, "bob": true, "has no phone": false}
	r := NewReads()
	r.Note("ada", noon)
	if got := r.Since(users); !got.IsZero() {
		t.Errorf("bob was not read, and it says %s", got)
	}
	r.Note("bob", noon.Add(time.Minute))
	if got := r.Since(users); !got.Equal(noon) {
		t.Errorf("since %s, want noon", got)
	}
	r.Note("ada", noon.Add(time.Hour))
	if got := r.Since(users); !got.Equal(noon.Add(time.Minute)) {
		t.Errorf("since %s, want a minute past noon", got)
	}
	r.Note("is gone", noon)
	if r.Since(users); len(r.last) != 2 {
		t.Errorf("remembers %v", r.last)
	}
	if got := r.Since(nil); !got.IsZero() {
		t.Errorf("of nobody it says %s", got)
	}
}
