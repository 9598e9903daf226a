package phonemethod

import (
	"encoding/json"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/journal"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/user"
)

// wroteCluster looks at a write of the operator to the API server that was
// carried out: what was there, what is there now (nil: it is gone), and the patch.
func (m *model) wroteCluster(was, now *pam, patch []byte, status bool) {
	m.writes++
	m.private("a patch", string(patch))
	m.ownFields(was, patch, status)
	switch {
	case now == nil, slices.Contains(was.Finalizers, v1alpha1.Finalizer) && !slices.Contains(now.Finalizers, v1alpha1.Finalizer):
		m.logf("    %s is let go", ref(was))
		m.judgeRelease(was)
		return
	case !status:
		m.logf("    %s gets its finalizer", ref(now))
		return
	}
	if began(was) != began(now) {
		m.logf("    %s: pending write %q", ref(now), began(now))
	}
	if r := meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionReady); r != nil {
		m.logf("    %s: Ready=%s/%s, id %.3q", ref(now), r.Status, r.Reason, now.Status.ID)
	}
	if was.Spec.Suspend && was.DeletionTimestamp.IsZero() {
		m.judgeSuspended(was, now)
	}
	if was.Status.ID == "" && now.Status.ID != "" {
		m.judgeHolder(was, now)
		m.slot(m.userOf(now), now.Spec.PhoneType).owner = now.UID
		m.spent[now.UID] = true
	}
	if (was.Status.ID != "" || began(was) != "") && !m.permitted(now) && now.Status.ID == "" && began(now) == "" {
		m.slot(m.userOf(now), now.Spec.PhoneType).left = true // what the rules no longer cover is let go
	}
	if isSynced(now) && now.DeletionTimestamp.IsZero() && !now.Spec.Suspend {
		m.judgeInSync(was, now)
	}
}

// ownFields: metadata of its own, and status.
func (m *model) ownFields(o *pam, patch []byte, status bool) {
	var sent map[string]map[string]any
	must(json.Unmarshal(patch, &sent))
	for field, names := range map[string][]string{"metadata": {"resourceVersion", "finalizers"}, "status": nil} {
		for name := range sent[field] {
			if names != nil && !slices.Contains(names, name) || status && name != "resourceVersion" && field == "metadata" {
				m.broken(operatorWritesItsOwnFields, "%s: a patch of %s.%s", ref(o), field, name)
			}
		}
		delete(sent, field)
	}
	for field := range sent {
		m.broken(operatorWritesItsOwnFields, "%s: a patch of %s", ref(o), field)
	}
}

// judgeSuspended: what was known of a suspended resource stays.
func (m *model) judgeSuspended(was, now *pam) {
	a, b := was.Status, now.Status
	if !m.permitted(now) && b.ID == "" && b.SMSSignInState == "" {
		return // what the rules no longer cover is told nothing more
	}
	if a.ID != b.ID || a.MaskedNumber != b.MaskedNumber || a.SMSSignInState != b.SMSSignInState || isSynced(was) != isSynced(now) {
		m.broken(suspendedIsLeftAlone, "%s is suspended, and its status says something new", ref(now))
	}
}

// judgeHolder: a resource comes to hold the phone that it says, and only one that
// it made, may adopt or inherits.
func (m *model) judgeHolder(was, now *pam) {
	user := m.userOf(now)
	p := m.has(user, now.Spec.PhoneType)
	if !m.seenAsIs(user) {
		return
	}
	number, _ := m.number(now)
	note := began(was)
	switch {
	case p == nil:
		m.broken(oneHolder, "%s comes to hold a phone that is not there", ref(now))
	case note == masked(p):
	case !m.equal(p, number):
		m.broken(oneHolder, "%s comes to hold a phone with another number", ref(now))
	case !m.permitted(now):
		m.broken(oneHolder, "%s comes to hold a phone, and the access rules do not allow it", ref(now))
	case (now.Spec.AdoptionPolicy == v1alpha1.AdoptNever || !m.allows(now, v1alpha1.ActionUpdate)) && m.slot(user, now.Spec.PhoneType).from == byHand && !m.inherits(now):
		m.broken(oneHolder, "%s comes to hold a foreign phone, and adoptionPolicy is Never", ref(now))
	}
}

// seenAsIs reports whether the operator can know what a user has: reads do not lag, no
// number is masked, and the user was not deleted while the operator looked.
func (m *model) seenAsIs(user string) bool {
	_, there := m.person(user)
	return there && !m.lagging(user) && !m.masking
}

// inherits reports whether another holder of the phone is leaving.
func (m *model) inherits(o *pam) bool {
	for _, other := range m.view {
		if other.UID != o.UID && !other.DeletionTimestamp.IsZero() && other.Spec.PhoneType == o.Spec.PhoneType && m.userOf(other) == m.userOf(o) {
			return true
		}
	}
	return false
}

// judgeInSync: who says so is right.
func (m *model) judgeInSync(was, now *pam) {
	number, _ := m.number(now)
	user := m.userOf(now)
	p := m.has(user, now.Spec.PhoneType)
	news := !isSynced(was) || was.Status.ObservedGeneration != now.Status.ObservedGeneration
	if news && (p == nil || !m.equal(p, number)) && m.seenAsIs(user) {
		m.broken(inSyncIsTrue, "%s is called in sync, and Graph has another number, or none", ref(now))
	}
	m.inSync[now.UID] = agreed{generation: now.Generation, number: number, request: requestOf(now), at: time.Now()}
}

// judgeRelease: who goes takes its phone along, hands it on, or leaves it behind
// because a policy says so.
func (m *model) judgeRelease(o *pam) {
	user := m.userOf(o)
	p := m.has(user, o.Spec.PhoneType)
	if p == nil || o.Status.ID == "" && !m.noted(o, p) {
		return
	}
	s := m.slot(user, o.Spec.PhoneType)
	if !m.holds(o, p) || o.Spec.DeletionPolicy == v1alpha1.DeletionOrphan || o.Spec.Suspend || !m.allows(o, v1alpha1.ActionDelete) {
		s.left, s.owner = true, o.UID // who is gone
		return
	}
	for _, other := range m.cluster.pams {
		if other.Spec.PhoneType == o.Spec.PhoneType && m.userOf(other) == user && m.holds(other, p) && other.UID != o.UID {
			return
		}
	}
	// What was put in the place of a phone right after that was deleted may be taken
	// for the phone that reads still show.
	if !m.lagging(user) && (s.touched.IsZero() || s.touched.Sub(s.wrote) > journal.GraphReadLag) {
		m.broken(nothingIsLost, "%s goes, and the phone that it holds stays with nobody to speak for it", ref(o))
	}
}

// passed looks at the end of a pass that came to verdicts.
func (m *model) passed(key user.Key, err error) {
	if err != nil || len(m.process.informer.pending) > 0 || m.registered == nil { // a new operator knows no tenant yet
		return
	}
	first := map[v1alpha1.PhoneType]*pam{}
	for _, o := range m.cluster.all() {
		if bound(o) != key.User || !o.DeletionTimestamp.IsZero() || !isSynced(o) {
			continue
		}
		if other := first[o.Spec.PhoneType]; other != nil {
			m.broken(oneHolder, "%s and %s are both in sync", ref(other), ref(o))
		}
		first[o.Spec.PhoneType] = o
	}
}

func isSynced(o *pam) bool {
	return meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionSynced)
}

// equal reports whether Graph has a number, as this Graph writes it.
func (m *model) equal(p *emulator.Phone, n phone.Number) bool {
	is := phone.Read(p.Number)
	return is.Compare(n) == phone.Equal || m.graph.Assumptions()[emulator.TrunkZero] == "dropped" && is.DiffersOnlyInTrunkZero(n)
}

func masked(p *emulator.Phone) string { return phone.Read(p.Number).Masked() }
