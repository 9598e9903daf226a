package phonemethod

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/journal"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/user"
)

// snapshot is what a reconcile knows of one user. It is a value: a stage that finds something
// out returns another one.
type snapshot struct {
	key user.Key
	now time.Time
	due nextReconcile // when this reconcile was due; zero: it is not known, or does not matter
	// gathered are all resources that the reconcile began with, the refused ones too.
	gathered map[types.UID]bool
	// resources are those that take part, by Ref. Without any, the reconcile is at its end.
	resources  []resource
	journal    journal.Journal
	tenant     *tenant.Tenant // nil until it is found
	user       graph.User     // zero until it is resolved
	named      time.Time      // when the user was asked for, and had the name that the rules are asked by
	lookUpOnly bool           // the phones are not to be read
	protection *protection    // the last answer whether the user is protected; nil: not asked yet
}

// protection is why Entra protects a user, as it was when it was asked.
type protection struct {
	asked      time.Time
	privileges []graph.Privilege
	err        error
}

// with returns the snapshot with other resources.
func (s snapshot) with(resources []resource) snapshot {
	s.resources = resources
	return s
}

// replace returns the snapshot with another value of one resource.
func (s snapshot) replace(c resource) snapshot {
	return s.change(func(other resource) resource {
		if other.Ref == c.Ref {
			return c
		}
		return other
	})
}

// change returns the snapshot with f applied to each resource.
func (s snapshot) change(f func(resource) resource) snapshot {
	changed := make([]resource, len(s.resources))
	for i, c := range s.resources {
		changed[i] = f(c)
	}
	return s.with(changed)
}

// resource returns the one of a Ref; false if it takes no part, or not any more.
func (s snapshot) resource(ref string) (resource, bool) {
	i := slices.IndexFunc(s.resources, func(c resource) bool { return c.Ref == ref })
	if i < 0 {
		return resource{}, false
	}
	return s.resources[i], true
}

// claims are the resources as the plan and the journal see them.
func (s snapshot) claims() []plan.Claim {
	claims := make([]plan.Claim, len(s.resources))
	for i, c := range s.resources {
		claims[i] = c.Claim
	}
	return claims
}

func (s snapshot) isEmpty() bool { return len(s.resources) == 0 }

func (s snapshot) isObserving() bool { return s.tenant.Spec.ModeOrDefault() == v1alpha1.ModeObserve }

func (s snapshot) resyncPeriod() time.Duration { return s.tenant.Spec.ResyncPeriodOrDefault() }

// driftPeriod is when the phones of the user are to be read again if all is as the resources say.
func (s snapshot) driftPeriod() time.Duration { return s.tenant.DriftPeriod(s.now) }

func (s snapshot) any(f func(resource) bool) bool { return slices.ContainsFunc(s.resources, f) }

// outcome is what a reconcile came to, as far as it decides when the user is reconciled again.
type outcome struct {
	err error // what kept it from verdicts
	// after is when the next thing is to be done that a resource waits for; 0: nothing.
	after time.Duration
	// aside is the same for resources that take no part. It does not bring forward what is due
	// for the others.
	aside time.Duration
	// resync is the period of the drift check; 0: an edit or the tenant wakes the user.
	resync time.Duration
	// unsure: Graph showed a number that could not be compared.
	unsure bool
	// early: nothing was due. The time of the next reconcile stays.
	early bool
}

// and returns what two stages of a reconcile come to together.
func (o outcome) and(next outcome) outcome {
	if o.err == nil {
		o.err = next.err
	}
	o.after, o.aside = earliest(o.after, next.after), earliest(o.aside, next.aside)
	o.resync = earliest(o.resync, next.resync)
	o.early, o.unsure = o.early || next.early, o.unsure || next.unsure
	return o
}

// requeueAfter is the outcome of what is to be done after d, but not within a second; 0 is nothing.
func requeueAfter(d time.Duration) outcome {
	if d == 0 {
		return outcome{}
	}
	return outcome{after: max(d, time.Second)}
}

// earliest returns the shorter of two waits, of which 0 is none.
func earliest(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
