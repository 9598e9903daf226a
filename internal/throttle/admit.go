package throttle

import (
	"context"
	"time"
)

// Ticket is the admission of one reconcile. Its requests are told by their context.
type Ticket struct {
	throttle *Throttle
	priority Priority
	needs    [classes]bool
	reserved [classes]float64
	made     [classes]int
	queued   [classes]bool // its next request has a place in the queue
	admitted sequence
	last     sent // its last request, or its admission
}

type ticketKey struct{}

// Admit admits a reconcile that will send requests of these classes, or returns a
// *Rejected. The requests are made with the context that is returned. The ticket must
// be given back with Done.
func (t *Throttle) Admit(ctx context.Context, p Priority, needs ...Class) (context.Context, *Ticket, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if wait := t.breaker.wait(now, p); wait > 0 {
		return ctx, nil, reject(CircuitOpen, wait)
	}
	if r := t.deferred(now, p, needs); r != nil {
		return ctx, nil, r
	}
	if t.bulkhead != nil {
		if wait := t.bulkhead.acquire(now, t.tenant, p); wait > 0 {
			return ctx, nil, reject(NoWorker, wait)
		}
	}
	t.last++
	ticket := &Ticket{throttle: t, priority: p, admitted: t.last, last: sent{sequence: t.last, at: now}}
	for _, c := range needs {
		b := &t.buckets[c]
		ticket.needs[c], ticket.reserved[c] = true, b.cost[p]
		b.reserved += b.cost[p]
	}
	t.breaker.admit(ticket.admitted)
	return context.WithValue(ctx, ticketKey{}, ticket), ticket, nil
}

// deferred gives a reconcile that the pause or a bucket does not admit a time to come back, and notes that it waits; nil
// admits it.
func (t *Throttle) deferred(now time.Time, p Priority, needs []Class) *Rejected {
	paused := t.pause.until.After(now)
	var r *Rejected
	for _, c := range needs {
		b := &t.buckets[c]
		if has := b.has(now, p); has && !paused {
			continue
		} else if !has {
			b.starve(now, p)
		}
		if after := b.turn(now, t.pause.until, p); r == nil || after > r.RetryAfter {
			r = reject(RateLimited, after)
		}
	}
	if r != nil && paused {
		r.Reason = Paused
	}
	return r
}

// Done gives back what the reconcile did not use. err is how it ended; an error with a
// method Unanswered() bool tells the circuit breaker whether no answer came.
func (k *Ticket) Done(err error) {
	t := k.throttle
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bulkhead != nil {
		t.bulkhead.release(t.tenant)
	}
	t.breaker.done(t.now(), ended{k.admitted, k.last, k.requests() > 0, err}, t.last)
	for c := range t.buckets {
		b := &t.buckets[c]
		k.leave(Class(c))
		b.reserved -= k.reserved[c]
		if k.needs[c] && k.requests() > 0 && err == nil {
			b.learnCost(k.priority, k.made[c])
		}
	}
}

func (k *Ticket) requests() (n int) {
	for _, made := range k.made {
		n += made
	}
	return n
}

// longestAwaited is how long Await waits at most: a reconcile under way has a worker, and what it read grows old.
const longestAwaited = 10 * time.Second

// Await waits until there is a token for the next request of a reconcile under way, where the pace is below one request a
// second. Else a reconcile would send its read and its write at once, and a Graph that spaces requests would refuse the
// write each time. Those who wait are served in turn, and before others are admitted. It is called before what must be
// checked right before the request. ctx is that of Admit.
func (t *Throttle) Await(ctx context.Context, c Class) error {
	wait := t.await(ctx, c)
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// await gives the next request of a reconcile a place in the queue, and returns how long it waits there.
func (t *Throttle) await(ctx context.Context, c Class) time.Duration {
	k, ok := ctx.Value(ticketKey{}).(*Ticket)
	if !ok {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	b, now := &t.buckets[c], t.now()
	if k.queued[c] || t.pause.until.After(now) || b.fill(now) >= 1 {
		return 0
	}
	wait := b.untilToken(now)
	if wait > longestAwaited {
		return 0
	}
	k.queued[c] = true
	b.queued++
	b.reserved += max(0, 1-k.reserved[c])
	k.reserved[c] = max(1, k.reserved[c])
	return wait
}

// leave gives up its place in the queue of a class.
func (k *Ticket) leave(c Class) {
	if k.queued[c] {
		k.queued[c] = false
		k.throttle.buckets[c].queued--
	}
}

// take takes a token for a request that is about to be sent.
func (t *Throttle) take(ctx context.Context, c Class) (sent, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if wait := t.pause.until.Sub(now); wait > 0 {
		return sent{}, reject(Paused, wait)
	}
	k, ok := ctx.Value(ticketKey{}).(*Ticket)
	priority := High
	if ok {
		priority = k.priority
	}
	b := &t.buckets[c]
	if wait := b.take(now, priority); wait > 0 {
		return sent{}, reject(RateLimited, wait)
	}
	t.last++
	s := sent{sequence: t.last, at: now, class: c}
	if ok {
		k.made[c]++
		k.last = s
		k.leave(c)
		back := min(k.reserved[c], 1)
		k.reserved[c] -= back
		b.reserved -= back
	}
	return s, nil
}
