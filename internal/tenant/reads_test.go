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
	if got := r.Since(users, noon); !got.IsZero() {
		t.Errorf("bob was not read, and it says %s", got)
	}
	r.Note("bob", noon.Add(time.Minute))
	if got := r.Since(users, noon); !got.Equal(noon) {
		t.Errorf("since %s, want noon", got)
	}
	r.Note("ada", noon.Add(time.Hour))
	if got := r.Since(users, noon); !got.Equal(noon.Add(time.Minute)) {
		t.Errorf("since %s, want a minute past noon", got)
	}
	r.Note("shows later", noon)
	if r.Since(users, noon.Add(59*time.Minute)); r.Of("shows later").IsZero() {
		t.Error("forgot a user whom the cache may not show yet")
	}
	if r.Since(users, noon.Add(61*time.Minute)); !r.Of("shows later").IsZero() || len(r.last) != 2 {
		t.Errorf("remembers %v", r.last)
	}
	if got := r.Since(nil, noon); !got.IsZero() {
		t.Errorf("of nobody it says %s", got)
	}
}
