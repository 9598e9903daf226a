package tenant

import (
	"maps"
	"sync"
	"time"
)

// Reads are when each user of a tenant was last read in Graph. It is safe for concurrent use. A nil
// one notes nothing.
type Reads struct {
	mu   sync.Mutex
	last map[string]int64 // by object id, in seconds
}

// NewReads returns one that knows of no read.
func NewReads() *Reads { return &Reads{last: map[string]int64{}} }

// Note says that a user was read.
func (r *Reads) Note(id string, now time.Time) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last[id] = now.Unix()
}

// Of returns when a user was last read; zero: not since the operator started.
func (r *Reads) Of(id string) time.Time {
	if r == nil {
		return time.Time{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, ok := r.last[id]; ok {
		return time.Unix(at, 0)
	}
	return time.Time{}
}

// readsKept is how long a user is remembered whom the cache does not show, or not with a phone yet.
const readsKept = time.Hour

// Since returns the time since which each of these users was read: that is when the last drift pass
// began which has ended. It is zero while one of them was not. Other users are forgotten after an hour.
func (r *Reads) Since(users map[string]bool, now time.Time) time.Time {
	if r == nil {
		return time.Time{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.last, func(id string, at int64) bool {
		_, known := users[id]
		return !known && now.Sub(time.Unix(at, 0)) > readsKept
	})
	oldest := int64(0)
	for id, wanted := range users {
		if !wanted {
			continue
		}
		at, ok := r.last[id]
		if !ok {
			return time.Time{}
		}
		if oldest == 0 || at < oldest {
			oldest = at
		}
	}
	if oldest == 0 {
		return time.Time{}
	}
	return time.Unix(oldest, 0)
}
