package tenant

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/phone"
)

// slowly is an API server that takes a second for each save.
type slowly struct {
	mu     sync.Mutex
	saves  int
	stored int32 // deletions
	fail   func(save int) error
}

func (s *slowly) save(ctx context.Context, counts []v1alpha1.DeletionCount) error {
	s.mu.Lock()
	s.saves++
	save := s.saves
	s.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Second):
	}
	if s.fail != nil {
		if err := s.fail(save); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored = 0
	for _, c := range counts {
		s.stored += c.Count
	}
	return nil
}

// has is how many deletions are stored.
func (s *slowly) has() int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored
}

func ofUser(i int) Deletion {
	return Deletion{Namespace: "people", UserID: string(rune('a' + i)), Type: phone.Mobile}
}

// Deletions that come at once are saved at once, and each was saved before it is allowed.
func TestBudget_SavesDeletionsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var server slowly
		b := NewBudget(time.Now, nil, server.save)
		var all sync.WaitGroup
		var mu sync.Mutex
		allowed := 0
		for i := range 20 {
			all.Go(func() {
				ok, err := b.Take(t.Context(), 15, ofUser(i))
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				if ok {
					if allowed++; int(server.has()) < allowed {
						t.Errorf("%d are allowed, and %d saved", allowed, server.has())
					}
				}
			})
		}
		all.Wait()
		if allowed != 15 || server.stored != 15 || server.saves > 2 {
			t.Errorf("%d allowed, %d stored, %d saves; want 15, 15, and 2 at most", allowed, server.stored, server.saves)
		}
	})
}
