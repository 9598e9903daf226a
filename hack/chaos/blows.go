package main

import (
	"context"
	"math/rand/v2"
	"syscall"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// blows are what processes suffer. Most hit the leader.
var blows = []struct {
	name string
	deal func(*world, context.Context, *rand.Rand) error
}{
	{killed, (*world).killLeader},
	{"kill -9 of the API server, and a new one", (*world).crashAPIServer},
	{"stall of etcd", (*world).stallEtcd},
	{stopped, (*world).stopLeader},
	{"stall of the API server", (*world).stallAPIServer},
}

// The blows whose consequences are timed.
const (
	killed  = "kill -9 of the leader"
	stopped = "SIGTERM to the leader"
)

// strike deals blows at processes while the bad times are to last: first each once, so that a short run has them all.
// Where they go on for what was not met yet, it leaves the operator the time.
func (w *world) strike(ctx, acts context.Context) error {
	dice := w.dice("blows")
	began := time.Now()
	for i := 0; (i < len(blows) || time.Since(began) < w.duration) && pause(ctx, dice, w.blows); i++ {
		blow := blows[0]
		if i < len(blows) {
			blow = blows[i]
		} else if n := dice.IntN(20); n < 8 {
			blow = blows[1+dice.IntN(len(blows)-1)]
		}
		if err := blow.deal(w, acts, dice); err != nil {
			if acts.Err() != nil {
				return nil
			}
			return err
		}
		w.ledger.count("blow: " + blow.name)
	}
	return nil
}

// leader waits for a replica that leads, and for some time more, so that it is hit at any moment of its work.
func (w *world) leader(ctx context.Context, dice *rand.Rand) *replica {
	var found *replica
	_ = w.until(ctx, func() bool {
		for _, p := range w.replicas {
			if p.leads(ctx) {
				found = p
				return true
			}
		}
		return false
	})
	if dice != nil {
		pause(ctx, dice, 2*time.Second)
	}
	return found
}

// shortRun is too short to wait 15 s for a lease.
const shortRun = 30 * time.Second

// killLeader is kill -9. Now and then the dead one's lease is let run out, which takes 15 s; else it is taken away, as
// if they had passed: the process is dead, so nobody can tell the difference but the clock.
func (w *world) killLeader(ctx context.Context, dice *rand.Rand) error {
	p := w.leader(ctx, dice)
	if p == nil {
		return ctx.Err()
	}
	p.running().Kill()
	if dice.IntN(4) == 0 && w.duration > shortRun {
		w.ledger.fell(killed + ", its lease runs out")
		return nil
	}
	w.ledger.fell(killed + ", its lease is taken away")
	return w.vacate(ctx)
}

// vacate takes the lease from the dead leader. That it went to the living one meanwhile is as well.
func (w *world) vacate(ctx context.Context) error {
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: install.Lease}}
	return w.merge(ctx, lease, map[string]any{"spec": map[string]any{"holderIdentity": ""}})
}

// stopLeader asks the leader to end, as a rollout does, and times how long it keeps the lease.
func (w *world) stopLeader(ctx context.Context, dice *rand.Rand) error {
	p := w.leader(ctx, dice)
	if p == nil {
		return ctx.Err()
	}
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: install.Lease}}
	if err := w.persist(ctx, func() error { return w.Get(ctx, client.ObjectKeyFromObject(lease), lease) }); err != nil {
		return err
	}
	holder := ptr.Deref(lease.Spec.HolderIdentity, "")
	began := time.Now()
	w.ledger.fell(stopped)
	if p.running().Signal(syscall.SIGTERM) != nil {
		return nil // it had ended
	}
	err := w.until(ctx, func() bool {
		return w.Get(ctx, client.ObjectKeyFromObject(lease), lease) == nil && ptr.Deref(lease.Spec.HolderIdentity, "") != holder
	})
	if err != nil {
		return err
	}
	w.ledger.took(stopped+": until it lets go of the lease", time.Since(began))
	return nil
}

// crashAPIServer kills the API server and starts it again.
func (w *world) crashAPIServer(_ context.Context, dice *rand.Rand) error {
	w.disturbed(time.Now().Add(time.Hour))
	defer func() { w.disturbed(time.Now()) }()
	return w.RestartAPIServer(time.Duration(dice.IntN(3000)) * time.Millisecond)
}

func (w *world) stallEtcd(ctx context.Context, dice *rand.Rand) error {
	return w.stall(ctx, dice, devcluster.Etcd)
}

func (w *world) stallAPIServer(ctx context.Context, dice *rand.Rand) error {
	return w.stall(ctx, dice, devcluster.APIServer)
}

// stall stops a server where it stands for some seconds.
func (w *world) stall(ctx context.Context, dice *rand.Rand, server devcluster.Server) error {
	w.disturbed(time.Now().Add(time.Hour))
	defer func() { w.disturbed(time.Now()) }()
	resume, err := w.Stall(server)
	if err != nil {
		return err
	}
	pause(ctx, dice, 3*time.Second)
	return resume()
}

// disturbed sets until when the operator may not learn what is new. Its watches come back some seconds after.
func (w *world) disturbed(until time.Time) {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	w.ledger.calm = until
}
