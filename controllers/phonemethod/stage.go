package phonemethod

import "context"

// stage is one step of a reconcile. It returns the snapshot with what it found out, and with the
// resources that the next stage goes on with: without any, the reconcile is at its end.
type stage func(context.Context, snapshot) (snapshot, outcome)

// through goes through the stages until one fails or leaves no resource.
func through(ctx context.Context, s snapshot, stages ...stage) (snapshot, outcome) {
	var o outcome
	for _, next := range stages {
		if o.err != nil || s.isEmpty() {
			return s, o
		}
		var came outcome
		s, came = next(ctx, s)
		o = o.and(came)
	}
	return s, o
}
