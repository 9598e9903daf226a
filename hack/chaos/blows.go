package main

import (
	"context"
	"math/rand/v2"
	"syscall"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/internal/devcluster"
)

// strike deals blows at processes until ctx ends. Most hit the leader; the first ones are one of each kind, so that a
// short run has them all.
func (w *world) strike(ctx, acts context.Context) error {
	dice := w.dice("blows")
	blows := []func(context.Context, *rand.Rand) error{w.killLeader, w.crashAPIServer, w.stall, w.killLeader, w.stopLeader}
	for i := 0; pause(ctx, dice, w.blows); i++ {
		blow := w.killLeader
		if i < len(blows) {
			blow = blows[i]
		} else if n := dice.IntN(20); n < 8 {
			blow = blows[1+dice.IntN(len(blows)-1)]
		}
		if err := blow(acts, dice); err != nil && acts.Err() == nil {
			return err
		}
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
		w.ledger.count("blow: kill -9 of the leader, its lease runs out")
		return nil
	}
	w.ledger.count("blow: kill -9 of the leader, its lease is taken away")
	return w.vacate(ctx)
}

// vacate takes the lease from the dead leader. That it went to the living one meanwhile is as well.
func (w *world) vacate(ctx context.Context) error {
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: leaseName}}
	return w.merge(ctx, lease, map[string]any{"spec": map[string]any{"holderIdentity": ""}})
}

// stopLeader asks the leader to end, as a rollout does.
func (w *world) stopLeader(ctx context.Context, dice *rand.Rand) error {
	p := w.leader(ctx, dice)
	if p == nil {
		return ctx.Err()
	}
	w.ledger.count("blow: SIGTERM to the leader")
	_ = p.running().Signal(syscall.SIGTERM) // it may have ended
	return nil
}

// crashAPIServer kills the API server and starts it again.
func (w *world) crashAPIServer(_ context.Context, dice *rand.Rand) error {
	w.ledger.count("blow: kill -9 of the API server, and a new one")
	w.disturbed(time.Now().Add(time.Hour))
	defer func() { w.disturbed(time.Now()) }()
	return w.cluster.RestartAPIServer(time.Duration(dice.IntN(3000)) * time.Millisecond)
}

// stall stops etcd or the API server where it stands for some seconds.
func (w *world) stall(ctx context.Context, dice *rand.Rand) error {
	server := []devcluster.Server{devcluster.Etcd, devcluster.Etcd, devcluster.APIServer}[dice.IntN(3)]
	w.ledger.count("blow: stall of " + string(server))
	w.disturbed(time.Now().Add(time.Hour))
	defer func() { w.disturbed(time.Now()) }()
	resume, err := w.cluster.Stall(server)
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
