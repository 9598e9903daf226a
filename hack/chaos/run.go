package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/leash"
)

// run lets the operator live through bad times and tells of it to out. The error says that a rule was broken, or why
// the run came to no end.
func run(ctx context.Context, out io.Writer, o options) (err error) {
	log.SetLogger(logr.Discard()) // controller-runtime's envtest would complain of having none
	times := "bad"
	if o.calm {
		times = "calm"
	}
	fmt.Fprintf(out, "seed %d: %d users, %s times of %v\n", o.seed, o.users, times, o.duration)
	dir, remove, err := leash.TempDir("phone-operator-chaos-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	w, err := build(ctx, o, dir)
	if err != nil {
		return err
	}
	defer w.stop()
	keep, release := context.WithCancel(ctx)
	var replicas sync.WaitGroup
	defer replicas.Wait()
	defer release()
	keep, fail := context.WithCancelCause(keep)
	defer fail(nil)
	for _, p := range w.replicas {
		replicas.Go(func() {
			if err := p.keep(keep); err != nil {
				fail(err)
			}
		})
	}
	err = w.tell(keep, out)
	w.report(out)
	if err != nil {
		return errors.Join(err, context.Cause(keep))
	}
	return w.ledger.err()
}

// tell is what happens, in order.
func (w *world) tell(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, w.duration+2*w.patience+w.quiet+5*time.Minute)
	defer cancel()
	stage := func(name string) { fmt.Fprintf(out, "%7.1f s  %s\n", time.Since(w.ledger.began).Seconds(), name) }
	if w.leader(ctx, nil) == nil {
		return errors.New("no operator came to lead")
	}
	watching, unwatch := context.WithCancel(ctx)
	defer unwatch()
	var watch sync.WaitGroup
	watch.Go(func() { w.watch(watching) })
	defer watch.Wait()
	defer unwatch()

	stage("life begins")
	if w.calm {
		watch.Go(func() { w.soak(watching, out) })
	}
	if err := w.live(ctx); err != nil {
		return fmt.Errorf("in bad times: %w", err)
	}
	stage("it ends")
	if err := w.tidy(ctx); err != nil {
		return fmt.Errorf("putting things right: %w", err)
	}
	stage("everything is put right and asked for")
	if err := w.converge(ctx, out); err != nil {
		return fmt.Errorf("until everything is as it should be: %w", err)
	}
	if len(w.ledger.violations) > 0 {
		stage("time is up")
		return nil
	}
	if w.calm {
		stage("everything is as the resources say")
	} else {
		stage(fmt.Sprintf("everything is as the resources say, %.0f s after the last operator was killed", time.Since(w.lastBlow).Seconds()))
	}
	if err := w.rest(ctx, out); err != nil {
		return fmt.Errorf("at rest: %w", err)
	}
	stage("nothing was written any more")
	return nil
}

// live is everybody's life and, unless it is calm, weather, administrators, blows and an attacker, all at once. The four
// go through all that they can do once, so that a short run has it all, and then do any of it until the time is over.
func (w *world) live(ctx context.Context) error {
	going, cancel := context.WithCancel(ctx)
	defer cancel()
	group, acts := errgroup.WithContext(ctx)
	stop := context.AfterFunc(acts, cancel) // one that fails ends all
	defer stop()
	for _, u := range w.users {
		group.Go(func() error {
			// Everybody is there at the beginning: a first day in a large tenant.
			for ok := pause(going, u.dice, min(w.pace, w.duration/4)); ok; ok = pause(going, u.dice, w.pace) {
				if err := u.act(acts); err != nil {
					return fmt.Errorf("%s: %w", u.upn, err)
				}
			}
			return nil
		})
	}
	var rounds sync.WaitGroup
	if !w.calm {
		rounds.Add(4)
		once := func() func() { return sync.OnceFunc(rounds.Done) }
		group.Go(func() error { return w.weather(going, once()) })
		group.Go(func() error { return w.administrate(going, acts, once()) })
		group.Go(func() error { return w.strike(going, acts, once()) })
		group.Go(func() error { return w.attack(going, acts, once()) })
	}
	group.Go(func() error {
		defer cancel()
		select {
		case <-going.Done():
		case <-time.After(w.duration):
			rounds.Wait()
		}
		return nil
	})
	return group.Wait()
}

// watch learns which resources are gone, and what the others were told.
func (w *world) watch(ctx context.Context) {
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		w.ledger.mu.Lock()
		var known []*resource
		for _, r := range w.ledger.resources {
			if r.created && !r.gone {
				known = append(known, r)
			}
		}
		w.ledger.mu.Unlock()
		var all v1alpha1.PhoneAuthenticationMethodList
		if w.List(ctx, &all) != nil {
			continue
		}
		there := map[string]bool{}
		for i := range all.Items {
			w.ledger.hear(&all.Items[i])
			there[client.ObjectKeyFromObject(&all.Items[i]).String()] = true
		}
		for _, r := range known {
			if !there[r.ref] {
				w.ledger.vanished(r)
			}
		}
	}
}

// tidy makes what the end must be follow from the resources: nobody is suspended, no administrator is in the way,
// what can never leave by itself is helped. Then every resource is asked for, as after any repair.
func (w *world) tidy(ctx context.Context) error {
	w.front.graph.ClearFaults()
	if err := w.content(ctx); err != nil {
		return err
	}
	for _, u := range w.users {
		if err := u.tidy(ctx); err != nil {
			return err
		}
	}
	if w.attacker != nil {
		if err := w.attacker.retreat(ctx); err != nil {
			return err
		}
	}
	// The last blow: what the bad times taught the operator to be patient about is forgotten.
	if !w.calm {
		if err := w.actor("last blow").killLeader(ctx); err != nil {
			return err
		}
		w.lastBlow = time.Now()
	}
	return w.askAll(ctx, "after the bad times")
}

// askAll asks for a reconcile of every resource.
func (w *world) askAll(ctx context.Context, what string) error {
	var all v1alpha1.PhoneAuthenticationMethodList
	if err := w.persist(ctx, func() error { return w.List(ctx, &all) }); err != nil {
		return err
	}
	for i := range all.Items {
		if err := w.request(ctx, &all.Items[i], what); err != nil {
			return err
		}
	}
	return nil
}

// converge waits until there is nothing to be said against anything.
func (w *world) converge(ctx context.Context, out io.Writer) error {
	bounded, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	var last []verdict
	var late string // what of the phones came right last
	told, matched := time.Now(), w.lastBlow
	err := w.until(bounded, func() bool {
		found, err := w.verdicts(ctx)
		if err == nil {
			last = found
		}
		for _, v := range found {
			if !v.patience {
				late, matched = v.what, time.Now()
			}
		}
		if len(found) > 0 && time.Since(told) > 40*time.Second {
			told = time.Now()
			fmt.Fprintf(out, "           waits for %d, such as: %s\n", len(found), found[0].what)
		}
		return err == nil && len(found) == 0
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		if !w.calm {
			fmt.Fprintf(out, "           phones and resources matched %.0f s after the last operator was killed; the last: %s\n",
				matched.Sub(w.lastBlow).Seconds(), late)
		}
		return nil
	}
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	for _, v := range last {
		w.ledger.accuse(v.user, "after %v: %s", w.patience, v.what)
	}
	return nil
}
