package tenant

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/internal/lease"
)

// ErrNotOurs is why nothing is done for a tenant: it is another operator's, or nobody has looked whose it is.
var ErrNotOurs = errors.New("the tenant is not this operator's")

// Share is which EntraTenants this operator works for, of all that are there: those whose labels it selects, once it
// holds their Leases. nil is all of them, and nobody else works. It is safe for concurrent use.
type Share struct {
	// Selector selects EntraTenants by their labels; nil selects all.
	Selector labels.Selector
	// Leader is how long this process leads; nil: there is no other.
	Leader *lease.Term
	// Leases are those of the tenants; nil: there is no other operator.
	Leases *lease.Keeper
	// Taken is called when a tenant becomes this operator's, before anything is done for it: another may have
	// worked for it until now. Lost is called when it becomes another's all of a sudden. nil: nobody is told.
	Taken func(ctx context.Context, name string) error
	Lost  func(name string)

	mu   sync.Mutex
	ours map[string]bool // the tenants of which users are reconciled
	held map[string]bool // those whose Lease is renewed, in spite of users who come to their end
	busy map[string]int  // reconciles of users that run, by tenant
	none map[string]int  // the same for tenants that do not exist
}

// Selects reports whether an EntraTenant with these labels is this operator's to claim.
func (s *Share) Selects(l map[string]string) bool {
	return s == nil || s.Selector == nil || s.Selector.Matches(labels.Set(l))
}

// Identity is the operator's name in the Leases.
func (s *Share) Identity() string {
	if s == nil || s.Leases == nil {
		return ""
	}
	return s.Leases.Identity
}

// Claim makes a tenant this operator's, unless another operator holds its Lease, whose name it returns then. taken says
// that it was not before.
func (s *Share) Claim(ctx context.Context, name string) (other string, taken bool, err error) {
	if s == nil {
		return "", false, nil
	}
	if s.Leases != nil {
		switch holder, err := s.Leases.Claim(ctx, leaseName(name)); {
		case err != nil:
			return "", false, err
		case holder != s.Leases.Identity:
			s.lose(name)
			return holder, false, nil
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	set(&s.held, name)
	if s.ours[name] {
		return "", false, nil
	}
	if s.Taken != nil {
		if err := s.Taken(ctx, name); err != nil {
			return "", false, err
		}
	}
	set(&s.ours, name)
	return "", true, nil
}

func set(m *map[string]bool, name string) {
	if *m == nil {
		*m = map[string]bool{}
	}
	(*m)[name] = true
}

// Begin begins a reconcile of a user of a tenant, which lasts until end is called. The error is ErrNotOurs, or
// lease.ErrLapsed: then the tenant may be this operator's again in a moment.
func (s *Share) Begin(name string) (end func(), err error) {
	if s == nil {
		return func() {}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ours[name] {
		return nil, ErrNotOurs
	}
	if err := s.checkLease(name); err != nil {
		return nil, err
	}
	return s.count(&s.busy, name), nil
}

// BeginWithout is Begin for a tenant that does not exist, so that it has no Lease.
func (s *Share) BeginWithout(name string) (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count(&s.none, name)
}

func (s *Share) count(in *map[string]int, name string) (end func()) {
	if *in == nil {
		*in = map[string]int{}
	}
	(*in)[name]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if (*in)[name]--; (*in)[name] == 0 {
			delete(*in, name)
		}
	}
}

// Check returns an error if nothing may be written for a tenant any more, be it to Graph or to the API server.
func (s *Share) Check(name string) error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	without := s.none[name] > 0
	s.mu.Unlock()
	if without {
		return s.Leader.Check()
	}
	return s.checkLease(name)
}

func (s *Share) checkLease(name string) error {
	if err := s.Leader.Check(); err != nil || s.Leases == nil {
		return err
	}
	return s.Leases.Check(leaseName(name))
}

// CheckLeader returns an error if this process does not lead any more.
func (s *Share) CheckLeader() error {
	if s == nil {
		return nil
	}
	return s.Leader.Check()
}

// Stop has no further reconcile begin for a tenant. Those that run may come to their end.
func (s *Share) Stop(name string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ours, name)
}

func (s *Share) lose(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ours, name)
	delete(s.held, name)
}

// LetGo gives a tenant up, and reports whether that is done: the Lease is let go once no reconcile of its users runs any
// more. gone says that there is no such EntraTenant any more, and deletes the Lease.
func (s *Share) LetGo(ctx context.Context, name string, gone bool) (done bool, err error) {
	if s == nil {
		return true, nil
	}
	s.Stop(name)
	s.mu.Lock()
	busy, held := s.busy[name] > 0, s.held[name]
	s.mu.Unlock()
	if busy {
		return false, nil
	}
	if !held || s.Leases == nil {
		return true, nil
	}
	giveUp := s.Leases.Release
	if gone {
		giveUp = s.Leases.Delete
	}
	if err := giveUp(ctx, leaseName(name)); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, name)
	return true, nil
}

// Start renews the Leases until ctx ends, and lets them go when the last reconcile has come to its end.
func (s *Share) Start(ctx context.Context) error {
	if s.Leases == nil {
		return nil
	}
	stopping := context.WithoutCancel(ctx)
	tick := time.NewTicker(lease.RenewPeriod)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return s.end(stopping)
		case <-tick.C:
			s.renew(ctx)
		}
	}
}

func (s *Share) renew(ctx context.Context) {
	for _, name := range s.names() {
		if s.Leader.Check() != nil {
			return // the next leader renews them, in the same name
		}
		lost, err := s.Leases.Renew(ctx, leaseName(name))
		switch {
		case err != nil:
			log.FromContext(ctx).Info("a tenant's Lease could not be renewed", "tenant", name, "answer", err.Error())
		case lost:
			log.FromContext(ctx).Info("a tenant's Lease was lost to another operator", "tenant", name)
			s.lose(name)
			if s.Lost != nil {
				s.Lost(name)
			}
		}
	}
}

// endPeriod is how often it is looked whether the last reconcile has come to its end.
const endPeriod = 50 * time.Millisecond

// end lets go of all Leases as their tenants' reconciles come to an end. The manager bounds how long that may take. A
// process that does not lead any more leaves them to the one that does.
func (s *Share) end(ctx context.Context) error {
	tick := time.NewTicker(endPeriod)
	defer tick.Stop()
	renewed := time.Now()
	for {
		var open bool
		for _, name := range s.names() {
			if s.Leader.Check() != nil {
				return nil
			}
			done, err := s.LetGo(ctx, name, false)
			if err != nil {
				return err
			}
			open = open || !done
		}
		if !open {
			return nil
		}
		if time.Since(renewed) >= lease.RenewPeriod {
			renewed = time.Now()
			s.renew(ctx)
		}
		<-tick.C
	}
}

// names are the tenants whose Leases are held.
func (s *Share) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, 0, len(s.held))
	for name := range s.held {
		names = append(names, name)
	}
	return names
}

// leaseName is the name of an EntraTenant's Lease.
func leaseName(tenant string) string {
	name := "phone-operator-tenant." + tenant
	if len(name) <= validation.DNS1123SubdomainMaxLength {
		return name
	}
	sum := sha256.Sum256([]byte(tenant))
	return "phone-operator-tenant-" + hex.EncodeToString(sum[:])
}
