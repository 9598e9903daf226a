package tenant

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/phone"
)

// What is counted in the end is what was allowed and not given back, whatever the saves did.
func TestBudget_CountsInTheEndWhatWasAllowed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		limit := rapid.SampledFrom([]int32{3, 20, 1000, 20000}).Draw(rt, "limit")
		rounds := rapid.IntRange(1, 6).Draw(rt, "rounds")
		var bad string
		synctest.Test(t, func(t *testing.T) {
			rnd := seed
			var mu sync.Mutex
			next := func(n int) int {
				mu.Lock()
				defer mu.Unlock()
				rnd = rnd*6364136223846793005 + 1442695040888963407
				return int(rnd>>33) % n
			}
			var stored int32
			save := func(ctx context.Context, counts []v1alpha1.DeletionCount) error {
				how, wait := next(8), next(30)
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(time.Duration(wait) * time.Millisecond):
				}
				if how == 0 {
					return errors.New("no")
				}
				if how == 1 {
					return context.DeadlineExceeded
				}
				mu.Lock()
				defer mu.Unlock()
				stored = 0
				for _, c := range counts {
					stored += c.Count
				}
				return nil
			}
			b := NewBudget(time.Now, nil, save)
			var done int32 // that may have been done
			var held int32 // allowed, and not given back for certain
			for r := range rounds {
				var all sync.WaitGroup
				for i := range 40 {
					all.Go(func() {
						<-time.After(time.Duration(next(40)) * time.Millisecond)
						d := Deletion{Namespace: "same", UserID: string(rune(1000 + r*100 + i)), Type: phone.Mobile}
						ctx := func() (context.Context, func()) {
							if next(3) == 0 {
								return context.WithTimeout(t.Context(), time.Duration(next(40))*time.Millisecond)
							}
							return t.Context(), func() {}
						}
						c, cancel := ctx()
						ok, err := b.Take(c, limit, d)
						cancel()
						mu.Lock()
						if ok && err != nil {
							bad = "allowed with an error"
						}
						if !ok {
							mu.Unlock()
							return
						}
						held++
						done++
						if done > limit {
							bad = "over the limit"
						}
						if stored < done {
							bad = "allowed and not saved"
						}
						mu.Unlock()
						if next(2) == 0 {
							mu.Lock()
							held-- // before: its slot may be taken at once
							done--
							mu.Unlock()
							c, cancel := ctx()
							if b.Return(c, d) != nil {
								mu.Lock()
								held++
								mu.Unlock()
							}
							cancel()
						}
					})
				}
				all.Go(func() { _ = b.SaveExact(t.Context()) })
				all.Wait()
				var counted int32
				for _, c := range b.counts {
					counted += c.Count
				}
				if counted != held && bad == "" {
					bad = "counted is not held"
					t.Logf("counted %d held %d", counted, held)
				}
				if len(b.saving) != 0 || b.next != nil {
					bad = "a save is left"
				}
				<-time.After(time.Duration(next(130)) * time.Second)
			}
		})
		if bad != "" {
			rt.Fatal(bad)
		}
	})
}
