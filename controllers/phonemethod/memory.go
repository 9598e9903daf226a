package phonemethod

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/journal"
	"github.com/entraops/phone-operator/internal/user"
)

// memory is what the reconciler keeps between reconciles, beside the caches of its client. A
// restart loses it: the table in ARCHITECTURE.md says of each field why it is needed and what
// its loss costs. What must not be lost is in status.
type memory struct {
	started   time.Time  // when this replica began to work: it does not know what was before
	takeOvers *takeOvers // the same for a tenant that another operator worked for until then

	users           *resolvedUsers
	schedule        *schedule    // when each user is to be reconciled
	secrets         *secretEdits // how often the Secrets of resources were edited
	journals        expiring[user.Key, journal.Journal]
	permissionWaits expiring[user.Key, time.Duration]     // the wait after the last refusal of a permission
	absences        expiring[user.Key, time.Time]         // since when the user is not found
	contacts        expiring[string, firstContacts]       // by tenant: whether new users had phones already
	rulings         expiring[question, rememberedRefusal] // what the rules refused a moment ago
	suspected       expiring[suspect, suspicion]          // the numbers that were tried

	// By the UID of the resource.
	versions      expiring[types.UID, ownWrite]         // our last write, while the cache may be behind it
	numbersInSync *syncedNumbers                        // the number that was last in sync
	reversals     expiring[types.UID, journal.Reversal] // what Graph shows in place of a number that was written
	intents       expiring[types.UID, intent]           // the pending writes, beyond what status has of them
	unwritable    *writeRefusals                        // resources that the API server does not let the operator write
	contested     *writeRefusals                        // resources that are changed each time that they are to be written
}

func newMemory(started time.Time) memory {
	return memory{
		started: started, takeOvers: newTakeOvers(), users: newResolvedUsers(), schedule: newSchedule(), secrets: newSecretEdits(),
		journals: newExpiring[user.Key, journal.Journal](), permissionWaits: newExpiring[user.Key, time.Duration](),
		absences: newExpiring[user.Key, time.Time](), contacts: newExpiring[string, firstContacts](),
		rulings: newExpiring[question, rememberedRefusal](), suspected: newExpiring[suspect, suspicion](),
		versions: newExpiring[types.UID, ownWrite](), numbersInSync: newSyncedNumbers(), reversals: newExpiring[types.UID, journal.Reversal](),
		intents: newExpiring[types.UID, intent](), unwritable: newWriteRefusals(), contested: newWriteRefusals(),
	}
}

// staleCacheBound is how long the cache may be behind a write of ours before we go on.
const staleCacheBound = time.Minute

// ownWrite is our own last write to a resource: the resourceVersion that it led to, and when it was made.
type ownWrite struct {
	version string
	at      time.Time
}

// remember records a write of a resource: which version of it is our own last one, and that it
// can be written.
func (m *memory) remember(o *v1alpha1.PhoneAuthenticationMethod, kind writeKind, now time.Time) {
	m.versions.Set(o.UID, ownWrite{o.ResourceVersion, now}, staleCacheBound)
	m.unwritable.written(o.UID, kind)
}

// These stand for the version of a resource that our own last write was to release: what the API server answers to the
// write that ends a resource has the version from before.
const (
	versionReleasing = "releasing" // that write may have failed, or its answer was lost
	versionGone      = "gone"      // the API server has it no more
)

// releaseRemembered is how long it is known at most that a resource was released. Its end in the cache ends it before.
const releaseRemembered = time.Hour

// rememberRelease records that a resource is about to be released. Its phone is not its own any more then, whatever the
// cache says.
func (m *memory) rememberRelease(uid types.UID, now time.Time) {
	m.versions.Set(uid, ownWrite{versionReleasing, now}, releaseRemembered)
}

// forgetResource drops what is known of a resource that is gone. One that could not be written would
// otherwise be counted as NotWritable for as long as the operator runs; its number, which is personal
// data, would stay for up to two weeks where the audit log is followed.
func (m *memory) forgetResource(uid types.UID) {
	m.versions.Delete(uid)
	m.unwritable.forget(uid)
	m.contested.forget(uid)
	m.secrets.forget(uid)
	m.intents.Delete(uid)
	m.numbersInSync.forget(uid)
}

// journalOf returns the user's journal, or a new one of this process. Only the worker that has
// the user's key touches it.
func (m *memory) journalOf(key user.Key) journal.Journal {
	since := m.startedFor(key.Tenant)
	if j, ok := m.journals.Get(key); ok && !j.Since().Before(since) {
		return j
	}
	return journal.New(since)
}

// keepJournal stores the journal for as long as it matters.
func (m *memory) keepJournal(key user.Key, j journal.Journal, now time.Time) {
	if keep := j.Retention(now); keep > 0 {
		m.journals.Set(key, j, keep)
	} else {
		m.journals.Delete(key)
	}
}

func (m *memory) reversalOf(uid types.UID) journal.Reversal {
	r, _ := m.reversals.Get(uid)
	return r
}

// countPermissionRefusal counts a refusal that an administrator must mend, and returns when that may
// have been done: later with each. It is forgotten when the reconcile that it asked for was long ago.
func (m *memory) countPermissionRefusal(key user.Key) time.Duration {
	d := firstRetry
	if last, ok := m.permissionWaits.Get(key); ok {
		d = min(2*last, permissionRetry)
	}
	m.permissionWaits.Set(key, d, 2*d)
	return d
}

// noteAbsence notes that the user is not found. It reports whether that was so a moment ago already,
// and in between; if not, when to ask again.
func (m *memory) noteAbsence(key user.Key, now time.Time) (bool, time.Duration) {
	first, ok := m.absences.Get(key)
	if !ok || first.Before(m.startedFor(key.Tenant)) {
		first = now
		m.absences.Set(key, now, time.Hour)
	}
	if wait := first.Add(firstRetry).Sub(now); wait > 0 {
		return false, wait
	}
	return true, 0
}
