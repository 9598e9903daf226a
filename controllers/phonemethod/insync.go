package phonemethod

import (
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/entraops/phone-operator/internal/phone"
)

// syncedNumbers are the numbers that were last in sync, by the UID of the resource, each for a time. Every resource has
// one and each drift check renews it, for which a cache.Expiring takes six times the memory: it keeps a record of each
// renewal until that would have expired. It is safe for concurrent use.
type syncedNumbers struct {
	mu    sync.Mutex
	byUID map[types.UID]syncedNumber
	swept time.Time // when those that had expired were dropped last
}

type syncedNumber struct {
	number phone.Number
	until  int64 // in seconds
}

// sweepPeriod is how long a number may be in memory beyond its time.
const sweepPeriod = 10 * time.Minute

func newSyncedNumbers() *syncedNumbers { return &syncedNumbers{byUID: map[types.UID]syncedNumber{}} }

func (s *syncedNumbers) set(uid types.UID, n phone.Number, now time.Time, keep time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byUID[uid] = syncedNumber{n, now.Add(keep).Unix()}
	if now.Sub(s.swept) >= sweepPeriod {
		s.swept = now
		maps.DeleteFunc(s.byUID, func(_ types.UID, n syncedNumber) bool { return n.until <= now.Unix() })
	}
}

// get returns the number; zero where none is remembered: status has only its mask, which another number may have too.
func (s *syncedNumbers) get(uid types.UID, now time.Time) phone.Number {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.byUID[uid]; n.until > now.Unix() {
		return n.number
	}
	return phone.Number{}
}

func (s *syncedNumbers) forget(uid types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byUID, uid)
}
