package main

import (
	"context"
	"math/rand/v2"
	"slices"
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
var blows = []deed[actor]{
	{12, "kill -9 of the leader", actor.killLeader},
	{2, "kill -9 of the API server, and a new one", actor.crashAPIServer},
	{2, "stall of etcd", actor.stallEtcd},
	{2, "SIGTERM to the leader", actor.stopLeader},
	{2, "stall of the API server", actor.stallAPIServer},
	{2, "pause of the leader (SIGSTOP)", actor.pauseLeader},
}

// strike deals blows at processes.
func (w *world) strike(going, acts context.Context, firstRound func()) error {
	a := w.actor("blows")
	return goThrough(going, acts, w.ledger, a.dice, w.blows, a, "blow", blows, firstRound)
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
func (w actor) killLeader(ctx context.Context) error {
	p := w.leader(ctx, w.dice)
	if p == nil {
		return ctx.Err()
	}
	p.running().Kill()
	if w.dice.IntN(4) == 0 && w.duration > shortRun {
		w.ledger.fell("kill -9 of the leader, its lease runs out")
		return nil
	}
	w.ledger.fell("kill -9 of the leader, its lease is taken away")
	return w.vacate(ctx)
}

// vacate takes the lease from the dead leader. That it went to the living one meanwhile is as well.
func (w *world) vacate(ctx context.Context) error {
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: install.Lease}}
	return w.merge(ctx, lease, map[string]any{"spec": map[string]any{"holderIdentity": ""}})
}

// stopLeader asks the leader to end, as a rollout does, and times how long it keeps the lease.
func (w actor) stopLeader(ctx context.Context) error {
	p := w.leader(ctx, w.dice)
	if p == nil {
		return ctx.Err()
	}
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: install.Lease}}
	if err := w.persist(ctx, func() error { return w.Get(ctx, client.ObjectKeyFromObject(lease), lease) }); err != nil {
		return err
	}
	holder := ptr.Deref(lease.Spec.HolderIdentity, "")
	began := time.Now()
	w.ledger.fell("SIGTERM to the leader")
	if p.running().Signal(syscall.SIGTERM) != nil {
		return nil // it had ended
	}
	err := w.until(ctx, func() bool {
		return w.Get(ctx, client.ObjectKeyFromObject(lease), lease) == nil && ptr.Deref(lease.Spec.HolderIdentity, "") != holder
	})
	if err != nil {
		return err
	}
	w.ledger.took("SIGTERM to the leader: until it lets go of the lease", time.Since(began))
	return nil
}

// pauseLeader stops the leader where it stands, in the middle of whatever it does, until the other replica has led for a
// while. When it goes on, it must send nothing, and end. In a short run it goes on before, and leads on.
func (w actor) pauseLeader(ctx context.Context) error {
	p := w.leader(ctx, w.dice)
	if p == nil {
		return ctx.Err()
	}
	old := p.running()
	if old.Signal(syscall.SIGSTOP) != nil {
		return nil // it had ended
	}
	goOn := func() { _ = old.Signal(syscall.SIGCONT) }
	defer goOn()
	if w.duration <= shortRun {
		w.disturbed(time.Now().Add(time.Hour))
		defer func() { w.disturbed(time.Now()) }()
		pause(ctx, w.dice, 3*time.Second)
		return nil
	}
	w.ledger.operatorEnded() // so it is for the one that comes
	w.ledger.fell("SIGSTOP of the leader, its lease runs out")
	led := func(q *replica) bool { return q != p && q.leads(ctx) }
	if err := w.until(ctx, func() bool { return slices.ContainsFunc(w.replicas, led) }); err != nil {
		return err
	}
	pause(ctx, w.dice, 20*time.Second)
	w.ledger.mayNotSpeak()
	goOn()
	return w.until(ctx, func() bool { return !old.Running() })
}

// crashAPIServer kills the API server and starts it again.
func (w actor) crashAPIServer(context.Context) error {
	w.disturbed(time.Now().Add(time.Hour))
	defer func() { w.disturbed(time.Now()) }()
	return w.RestartAPIServer(time.Duration(w.dice.IntN(3000)) * time.Millisecond)
}

func (w actor) stallEtcd(ctx context.Context) error {
	return w.stall(ctx, devcluster.Etcd)
}

func (w actor) stallAPIServer(ctx context.Context) error {
	return w.stall(ctx, devcluster.APIServer)
}

// stall stops a server where it stands for some seconds.
func (w actor) stall(ctx context.Context, server devcluster.Server) error {
	w.disturbed(time.Now().Add(time.Hour))
	defer func() { w.disturbed(time.Now()) }()
	resume, err := w.Stall(server)
	if err != nil {
		return err
	}
	pause(ctx, w.dice, 3*time.Second)
	return resume()
}

// disturbed sets until when the operator may not learn what is new. Its watches come back some seconds after.
func (w *world) disturbed(until time.Time) {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	w.ledger.calm = until
}
