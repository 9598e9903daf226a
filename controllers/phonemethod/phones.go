package phonemethod

import (
	"time"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// phones is a snapshot with what is known of the user's phones. It is a value, too.
type phones struct {
	snapshot
	methods []plan.Method // what Graph has, as far as is known
	unread  bool          // they were not read: what the user may have beside what was created is not known
	stale   bool          // they must be read again before the next plan
	outcome outcome       // what the phones wait for
}

func (u phones) method(t phone.Type) *plan.Method { return plan.MethodOf(u.methods, t) }

// requeueAfter returns the phones, to be looked at again after d; 0 is nothing.
func (u phones) requeueAfter(d time.Duration) phones {
	u.outcome = u.outcome.and(requeueAfter(d))
	return u
}

// change returns the phones with f applied to each resource.
func (u phones) change(f func(resource) resource) phones {
	u.snapshot = u.snapshot.change(f)
	return u
}

// replace returns the phones with a resource in the place of the one of its name.
func (u phones) replace(c resource) phones {
	u.snapshot = u.snapshot.replace(c)
	return u
}

// protect keeps the resources of a user whom Entra protects from all writes.
func (u phones) protect() phones {
	return u.change(func(c resource) resource {
		c.Holds = c.Holds.With(plan.ProtectedUser, plan.AllWrites)
		return c
	})
}

// fail records what the API server answered to a write of one resource. The next plan is one
// without it.
func (u phones) fail(ref string, err error) phones {
	return u.change(func(c resource) resource {
		if c.Ref == ref {
			c.failed, c.Holds = err, c.Holds.With(plan.Unsettled, plan.AllWrites)
		}
		return c
	})
}

// succeeded returns the phones after a write that worked, as far as the resource is concerned.
func (u phones) succeeded(a plan.Action) phones {
	return u.change(func(c resource) resource {
		if c.Ref == a.For && (a.Verb == plan.Create || a.Verb == plan.Update) {
			c.Holder, c.Last, c.Was = true, a.Number.Masked(), a.Number
			c.Changed = true // until status says so, what comes next for it, SMS sign-in, is asked for anew
			c.made, c.carriedOut = c.made || a.Verb == plan.Create, c.carriedOut || !a.Drift
		}
		return c
	})
}

// explain returns the phones with what stands behind a hold, for resources of which nothing is
// said yet.
func (u phones) explain(why string) phones {
	return u.change(func(c resource) resource {
		if c.why == "" {
			c.why = why
		}
		return c
	})
}
