package lease

import (
	"context"
	"time"

	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// Watched is the lock of a leader election whose renewals are noted in a Term. Each is good for as long as allowed,
// which is the RenewDeadline of the election.
type Watched struct {
	resourcelock.Interface
	Term    *Term
	Allowed time.Duration
}

// Create makes the Lease, with its holder.
func (w Watched) Create(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return w.note(r, func() error { return w.Interface.Create(ctx, r) })
}

// Update renews the Lease, takes it, or lets it go.
func (w Watched) Update(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return w.note(r, func() error { return w.Interface.Update(ctx, r) })
}

// note leaves the term as it is where an answer was none: the Lease is still ours until the last renewal has run out.
func (w Watched) note(r resourcelock.LeaderElectionRecord, do func() error) error {
	asked := time.Now()
	if r.HolderIdentity != w.Identity() {
		w.Term.End()
		return do()
	}
	err := do()
	if err == nil {
		w.Term.Renew(asked, w.Allowed)
	}
	return err
}
