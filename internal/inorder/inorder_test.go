package inorder

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const abreast = 8

// numbers finds so many, and then fails if it is to.
func numbers(n int, failure error) func(context.Context, func(int) error) error {
	return func(_ context.Context, do func(int) error) error {
		for i := range n {
			if err := do(i); err != nil {
				return err
			}
		}
		return failure
	}
}

func TestResultsComeInTheOrderInWhichTheyWereFound(t *testing.T) {
	const n = 100
	var lock sync.Mutex
	under, most := 0, 0
	work := func(_ context.Context, i int) (string, error) {
		lock.Lock()
		under++
		most = max(most, under)
		lock.Unlock()
		defer func() {
			lock.Lock()
			under--
			lock.Unlock()
		}()
		return fmt.Sprint(i), nil
	}
	var got, want []string
	for i := range n {
		want = append(want, fmt.Sprint(i))
	}
	err := Do(t.Context(), abreast, numbers(n, nil), work, func(s string) error {
		got = append(got, s)
		return nil
	})
	if d := cmp.Diff(want, got); d != "" || err != nil || most > abreast+1 {
		t.Errorf("%v, %d at once, %s", err, most, d)
	}
}

func TestWhatWasFoundBeforeAnErrorIsPut(t *testing.T) {
	failure := errors.New("failure")
	for name, tc := range map[string]struct {
		find func(context.Context, func(int) error) error
		work func(context.Context, int) (int, error)
		put  func(int) error
		want []int
	}{
		"finding fails": {numbers(3, failure), nil, nil, []int{0, 1, 2}},
		"working fails": {numbers(9, nil), func(_ context.Context, i int) (int, error) {
			if i == 2 {
				return 0, failure
			}
			return i, nil
		}, nil, []int{0, 1}},
		"putting fails": {numbers(9, nil), nil, func(i int) error {
			if i == 2 {
				return failure
			}
			return nil
		}, []int{0, 1, 2}},
	} {
		var got []int
		work := func(_ context.Context, i int) (int, error) { return i, nil }
		if tc.work != nil {
			work = tc.work
		}
		err := Do(t.Context(), abreast, tc.find, work, func(i int) error {
			got = append(got, i)
			if tc.put != nil {
				return tc.put(i)
			}
			return nil
		})
		if !errors.Is(err, failure) || !slices.Equal(got, tc.want) {
			t.Errorf("%s: put %v, want %v; %v", name, got, tc.want, err)
		}
	}
}
