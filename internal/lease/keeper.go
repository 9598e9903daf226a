package lease

import (
	"context"
	"fmt"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// Duration is how long others wait for a Lease that is not renewed any more, from when they first saw it so.
	Duration = 30 * time.Second
	// renewDeadline is how long its holder relies on it.
	renewDeadline = 20 * time.Second
	// RenewPeriod is how often it is renewed.
	RenewPeriod = 5 * time.Second
	// requestTimeout is how long one renewal may take.
	requestTimeout = 5 * time.Second
)

// Keeper holds Leases in one namespace, in one name. That name is of an operator and not of its process: the replica
// that leads goes on with what the one before it held. It is safe for concurrent use.
type Keeper struct {
	Client    client.Client // creates, updates and deletes
	Reader    client.Reader // not cached
	Namespace string
	Identity  string
	Now       func() time.Time

	mu     sync.Mutex
	leases map[string]*lease
}

// lease is one Lease as it was seen last.
type lease struct {
	mu   sync.Mutex // one request at a time
	last *coordinationv1.Lease
	seen time.Time // when it was first seen so
	term Term
}

// Claim takes a Lease, or finds that it is held, and returns who holds it then. The Lease of a holder that renews it no
// more is taken when Duration is over since it was first seen by this keeper.
func (k *Keeper) Claim(ctx context.Context, name string) (holder string, err error) {
	l := k.lease(name)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.term.Check() == nil {
		return k.Identity, nil
	}
	ctx, end := context.WithTimeout(ctx, requestTimeout)
	defer end()
	if err := k.look(ctx, l, name); err != nil {
		return "", err
	}
	if holder := holderOf(l.last); holder != "" && holder != k.Identity && k.Now().Sub(l.seen) < durationOf(l.last) {
		return holder, nil
	}
	return k.Identity, k.hold(ctx, l, name)
}

// Renew renews a Lease that was held when it was seen last. It reports whether it is lost to another.
func (k *Keeper) Renew(ctx context.Context, name string) (lost bool, err error) {
	l := k.lease(name)
	l.mu.Lock()
	defer l.mu.Unlock()
	if holderOf(l.last) != k.Identity {
		return true, nil
	}
	ctx, end := context.WithTimeout(ctx, requestTimeout)
	defer end()
	err = k.hold(ctx, l, name)
	if !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) && !apierrors.IsAlreadyExists(err) {
		return false, err
	}
	if err := k.look(ctx, l, name); err != nil {
		return false, err
	}
	if holder := holderOf(l.last); holder != "" && holder != k.Identity {
		l.term.End()
		return true, nil
	}
	return false, k.hold(ctx, l, name)
}

// Release lets a Lease go that is held. Of one that is another's, or was never claimed, it does nothing.
func (k *Keeper) Release(ctx context.Context, name string) error {
	return k.giveUp(ctx, name, func(ctx context.Context, l *coordinationv1.Lease) error {
		nobody := l.DeepCopy()
		nobody.Spec.HolderIdentity = new("")
		return k.Client.Update(ctx, nobody)
	})
}

// Delete is Release for a name that nobody will claim any more.
func (k *Keeper) Delete(ctx context.Context, name string) error {
	return k.giveUp(ctx, name, func(ctx context.Context, l *coordinationv1.Lease) error {
		return client.IgnoreNotFound(k.Client.Delete(ctx, l, client.Preconditions{ResourceVersion: &l.ResourceVersion}))
	})
}

func (k *Keeper) giveUp(ctx context.Context, name string, do func(context.Context, *coordinationv1.Lease) error) error {
	l := k.lease(name)
	l.mu.Lock()
	defer l.mu.Unlock()
	held := l.term.Check() == nil && holderOf(l.last) == k.Identity
	l.term.End()
	if held {
		ctx, end := context.WithTimeout(ctx, requestTimeout)
		defer end()
		if err := do(ctx, l.last); err != nil && !apierrors.IsConflict(err) { // somebody has taken it
			return fmt.Errorf("let the Lease %s go: %w", name, err)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.leases, name)
	return nil
}

// Check returns ErrLapsed unless the Lease is held and may be relied on.
func (k *Keeper) Check(name string) error {
	k.mu.Lock()
	l := k.leases[name]
	k.mu.Unlock()
	if l == nil {
		return ErrLapsed
	}
	return l.term.Check()
}

func (k *Keeper) lease(name string) *lease {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.leases == nil {
		k.leases = map[string]*lease{}
	}
	if k.leases[name] == nil {
		k.leases[name] = &lease{}
	}
	return k.leases[name]
}

// look reads a Lease; last is nil if there is none.
func (k *Keeper) look(ctx context.Context, l *lease, name string) error {
	var now coordinationv1.Lease
	err := k.Reader.Get(ctx, client.ObjectKey{Namespace: k.Namespace, Name: name}, &now)
	switch {
	case apierrors.IsNotFound(err):
		l.last = nil
	case err != nil:
		return fmt.Errorf("get the Lease %s: %w", name, err)
	case l.last == nil || l.last.UID != now.UID || l.last.ResourceVersion != now.ResourceVersion:
		l.last, l.seen = &now, k.Now()
	}
	return nil
}

// hold writes that the Lease is ours from now on, over what was seen last.
func (k *Keeper) hold(ctx context.Context, l *lease, name string) error {
	asked := time.Now()
	next := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: k.Namespace, Name: name}}
	write := func() error { return k.Client.Create(ctx, next) }
	if l.last != nil {
		next = l.last.DeepCopy()
		write = func() error { return k.Client.Update(ctx, next) }
	}
	now := metav1.NewMicroTime(k.Now())
	if s := &next.Spec; holderOf(next) != k.Identity {
		if s.LeaseTransitions == nil {
			s.LeaseTransitions = new(int32(0))
		} else {
			s.LeaseTransitions = new(*s.LeaseTransitions + 1)
		}
		s.HolderIdentity, s.AcquireTime = new(k.Identity), &now
	}
	next.Spec.RenewTime, next.Spec.LeaseDurationSeconds = &now, new(int32(Duration/time.Second))
	if err := write(); err != nil {
		return fmt.Errorf("hold the Lease %s: %w", name, err)
	}
	l.last, l.seen = next, k.Now()
	l.term.Renew(asked, renewDeadline)
	return nil
}

// holderOf is who holds a Lease, "" for nobody.
func holderOf(l *coordinationv1.Lease) string {
	if l == nil || l.Spec.HolderIdentity == nil {
		return ""
	}
	return *l.Spec.HolderIdentity
}

func durationOf(l *coordinationv1.Lease) time.Duration {
	if l.Spec.LeaseDurationSeconds == nil {
		return Duration
	}
	return time.Duration(*l.Spec.LeaseDurationSeconds) * time.Second
}
