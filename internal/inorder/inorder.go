// Package inorder does things side by side whose results are wanted one after the other.
package inorder

import "context"

// Do hands out what find finds to work, up to abreast at once, and the results to put in the order in which they were
// found. find and put each run in one goroutine. The first error ends it: what was found before it is put all the same, but
// after one of put nothing is.
func Do[A, B any](ctx context.Context, abreast int, find func(context.Context, func(A) error) error, work func(context.Context, A) (B, error), put func(B) error) error {
	type result struct {
		of  B
		err error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	queue := make(chan chan result, abreast-1)
	var failed error // of find; to be read when queue is closed
	go func() {
		defer close(queue)
		failed = find(ctx, func(a A) error {
			answer := make(chan result, 1)
			select {
			case queue <- answer:
			case <-ctx.Done():
				return ctx.Err()
			}
			go func() {
				b, err := work(ctx, a)
				answer <- result{b, err}
			}()
			return nil
		})
	}()
	var err error
	for answer := range queue {
		r := <-answer
		if err != nil {
			continue
		}
		if err = r.err; err == nil {
			err = put(r.of)
		}
		if err != nil {
			cancel()
		}
	}
	if err != nil {
		return err
	}
	return failed
}
