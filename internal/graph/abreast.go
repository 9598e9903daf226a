package graph

import (
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// abreast is how many calls about one user are on their way at once, unless Options
// say otherwise.
const abreast = 5

// SideBySide does n things at once, or as many as the client may, and waits for all:
// what comes of them must not hang on which is first. A panic in one comes out here,
// where whoever called can catch it.
func (c *Client) SideBySide(n int, do func(i int)) {
	var (
		side     errgroup.Group
		panicked atomic.Pointer[any]
	)
	side.SetLimit(c.abreast)
	for i := range n {
		side.Go(func() error {
			defer func() {
				if r := recover(); r != nil {
					panicked.CompareAndSwap(nil, &r)
				}
			}()
			if panicked.Load() == nil {
				do(i)
			}
			return nil
		})
	}
	_ = side.Wait() // nothing returns an error
	if r := panicked.Load(); r != nil {
		panic(*r)
	}
}
