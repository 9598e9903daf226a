package phonemethod

import (
	"math/bits"
	"slices"
	"time"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// isProbablyNew reports whether the user has probably none of the phones that are to be created: the
// registration report, which is hours behind, does not tell of one, and most of the last new users had none.
func (r *Reconciler) isProbablyNew(u phones) bool {
	types := make([]phone.Type, len(u.resources))
	for i, c := range u.resources {
		types[i] = c.Type
	}
	return !u.tenant.Inventory.Has(u.key.User, types, u.now) && r.firstContactsOf(u.tenant.Name).areMostlyNew()
}

// isFirstContact reports whether nothing is known of what the user has, and a phone that is there
// would come to the same if it were found by a refusal. A written adoption policy says that one is
// expected.
func isFirstContact(u phones) bool {
	return !u.isObserving() && u.journal.IsEmpty(u.now) && !u.any(func(c resource) bool {
		return c.hasPhone() || c.object.Status.PendingWrite != nil || c.object.Spec.AdoptionPolicy != "" ||
			c.Terminating || c.vanished || c.Blind || c.Holds != plan.Holds{} || !c.isUnexamined()
	})
}

// onlyCreates reports whether a plan for a user without phones would be the same for one that has
// a phone of a type that no claim is for: what waits for a mobile may find one.
func onlyCreates(decided plan.Plan) bool {
	for _, v := range decided.Verdicts {
		if v.Outcome == plan.WaitingForMobile {
			return false
		}
	}
	return len(decided.Actions) > 0 &&
		!slices.ContainsFunc(decided.Actions, func(a plan.Action) bool { return a.Verb != plan.Create })
}

// firstContacts are the last users of a tenant of whom nothing was known: a bit for each, the last
// one first, set where there was a phone of a type that was to be created.
type firstContacts struct {
	found uint8
	count int // of them, at most 8
}

// areMostlyNew reports whether to create first takes fewer requests: it takes one where there is no
// phone and two where there is, and to read first the other way round.
func (f firstContacts) areMostlyNew() bool {
	return f.count == 0 || 2*bits.OnesCount8(f.found) < f.count
}

func (f firstContacts) with(found bool) firstContacts {
	f.found <<= 1
	if found {
		f.found |= 1
	}
	return firstContacts{f.found, min(f.count+1, 8)}
}

// firstContactsTTL is how long the last users of a tenant tell anything of the next.
const firstContactsTTL = 24 * time.Hour

func (m *memory) firstContactsOf(tenant string) firstContacts {
	f, _ := m.contacts.Get(tenant)
	return f
}

// noteFirstContact notes whether a user of whom nothing was known had a phone. Of two at once one
// may be lost.
func (m *memory) noteFirstContact(tenant string, found bool) {
	m.contacts.Set(tenant, m.firstContactsOf(tenant).with(found), firstContactsTTL)
}
