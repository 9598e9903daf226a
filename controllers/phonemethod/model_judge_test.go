package phonemethod

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/oracle"
)

// judge asks of a write on its way to Graph whether it may be: by Graph's rules,
// by the tenant's, and because a resource speaks for it. It is written from the
// table of semantics, not from the plan. It returns who speaks for the write.
func (m *model) judge(a asked) (speaker types.UID) {
	if _, there := m.person(a.user); !there {
		return "" // deleted midway; nothing can come of it
	}
	speakers, slot := m.speakers(a), m.slot(a.user, a.t())
	switch {
	case m.registered == nil || m.registered.Problem != nil:
		m.broken(everyWriteIsSpokenFor, "%s: the tenant cannot be used", a)
	case slot.unclear:
		m.broken(unclearIsReadAgain, "%s: nobody has read since a write of unknown outcome", a)
	}
	is := m.situation(a, speakers)
	for _, objection := range is.Objections(a.Write) {
		m.broken(ruleOf[objection.Rule], "%.3s: %s", a.user, objection)
	}
	if a.Verb == oracle.Create {
		slot.made = a.Number
	}
	if i := is.Spokesman(a.Write); i >= 0 {
		speaker = speakers[i].now.UID
	}
	return speaker
}

// ruleOf are the model's names for the oracle's rules.
var ruleOf = map[oracle.Rule]rule{
	oracle.Observing: nothingInObserve, oracle.Protects: nobodyPrivileged, oracle.Speaks: everyWriteIsSpokenFor,
	oracle.Order: graphsRules, oracle.Budget: budgetIsKept,
}

// situation is what is true when a write is on its way to Graph.
func (m *model) situation(a asked, speakers []speaker) oracle.Situation {
	is := oracle.Situation{Observe: m.observing(), Overdrawn: a.Verb == oracle.Delete && m.overdraws(a)}
	if m.outOfBounds(a.user) {
		is.Privileged = "the user holds a directory role"
	}
	if !m.lagging(a.user) {
		is.Exists = phoneOf(a.before, a.t()) != nil && !m.mayBeUnread(a)
		is.MissesMobile = phoneOf(a.before, v1alpha1.PhoneTypeMobile) == nil
		is.HasAlternate = phoneOf(a.before, v1alpha1.PhoneTypeAlternateMobile) != nil
	}
	for _, s := range speakers {
		number, _ := m.number(s.spec)
		is.Speakers = append(is.Speakers, oracle.Speaker{
			Name: ref(s.spec), Leaving: s.leaving(), Permitted: s.now != nil && m.permitted(s.now), Mute: m.mute(a, s, speakers),
			Says: []oracle.Says{{
				Number: oracle.Plain(number.Graph()), Adopt: s.spec.Spec.AdoptionPolicy, Drift: s.spec.Spec.DriftPolicy,
				Delete: s.spec.Spec.DeletionPolicy, SMS: s.spec.Spec.SMSSignIn,
			}},
		})
	}
	return is
}

// mayBeUnread reports whether a create may be sent although the user has such a phone: it is the
// first that is asked of the user, nobody said what to do with a phone that is there, and the
// resource says that it was not looked for.
func (m *model) mayBeUnread(a asked) bool {
	return slices.ContainsFunc(m.speakers(a), func(s speaker) bool {
		return s.now != nil && isUnread(s.now) && s.now.Status.ID == "" && s.now.Spec.AdoptionPolicy == "" && !m.met[s.now.UID]
	})
}

// overdraws reports whether a deletion is one more in an hour than the tenant allows, of phones that the operator did not
// create itself, and counts it.
func (m *model) overdraws(a asked) bool {
	s, shown, limit := m.slot(a.user, a.t()), phoneOf(a.before, a.t()), int(m.tenant.spec.DeletionsPerHourOrDefault())
	s.counted = shown == nil || s.made == "" || oracle.Plain(shown.Number) != s.made
	if !s.counted && limit > 0 {
		return false
	}
	m.deletions = slices.DeleteFunc(m.deletions, func(at time.Time) bool { return time.Since(at) >= time.Hour })
	m.deletions = append(m.deletions, time.Now())
	return len(m.deletions) > limit
}

// speaker is a resource of the user and phone type of a write: its spec as the
// pass could see it, and the resource as it is; nil if it is gone.
type speaker struct{ spec, now *pam }

func (m *model) speakers(a asked) []speaker {
	var all []speaker
	for key, o := range m.view {
		s := speaker{spec: o, now: m.cluster.pams[key]}
		if s.now != nil && s.now.UID != o.UID {
			s.now = nil
		}
		if o.Spec.PhoneType == a.t() && m.userOf(s.status()) == a.user {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b speaker) int { return strings.Compare(ref(a.spec), ref(b.spec)) })
	return all
}

func (s speaker) status() *pam {
	if s.now != nil {
		return s.now
	}
	return s.spec
}

func (s speaker) leaving() bool { return !s.spec.DeletionTimestamp.IsZero() }

// holds reports whether a resource has the phone for its own: it is recorded so, or its
// pending write says so.
func (m *model) holds(o *pam, p *emulator.Phone) bool {
	return m.permitted(o) && (o.Status.ID != "" || m.noted(o, p))
}

// noted reports whether the status of the resource says that just this number was being
// written for it, and neither was that recorded before nor did another take the
// phone over.
func (m *model) noted(o *pam, p *emulator.Phone) bool {
	owner := m.slot(m.userOf(o), o.Spec.PhoneType).owner
	if isUnread(o) { // the phone may have been there before, unless it is the very number, or that is not known any more
		switch number, _ := m.number(o); {
		case p == nil:
			return false
		case number.Masked() != began(o):
			if o.Spec.AdoptionPolicyOrDefault() == v1alpha1.AdoptNever {
				return false
			}
		case !m.equal(p, number):
			return false
		}
	}
	return p != nil && began(o) == masked(p) && (owner == o.UID || owner == "" && !m.spent[o.UID])
}

// mute says why a resource does not speak for a write, beside what the oracle knows; "" if nothing does.
func (m *model) mute(a asked, s speaker, all []speaker) string {
	before := phoneOf(a.before, a.t())
	number, problem := m.number(s.spec)
	switch {
	case s.now == nil:
		return "is gone"
	case s.spec.Spec.Suspend:
		return "is suspended"
	case a.Verb == oracle.Delete:
		return m.mayNotDelete(s, all, before)
	case s.leaving():
		return "is leaving"
	case problem != "":
		return "has " + problem
	case m.moved(s.status()):
		return "is for another user by now"
	case !controllerutil.ContainsFinalizer(s.now, v1alpha1.Finalizer):
		return "has no finalizer"
	case slices.ContainsFunc(all, func(o speaker) bool {
		return o != s && !o.leaving() && o.now != nil && o.now.Status.ID != "" && m.permitted(o.now)
	}):
		return "is not the one that holds it"
	case a.Verb == oracle.Create && !m.allows(s.now, v1alpha1.ActionCreate), a.Verb != oracle.Create && !m.allows(s.now, v1alpha1.ActionUpdate):
		return "is not permitted to do that"
	case a.Verb == oracle.Create && began(s.now) != number.Masked():
		return "has no pending write of it"
	case s.spec.Spec.DriftPolicy == v1alpha1.DriftReport && m.drifted(s, a):
		return "wants drift reported, and asks for nothing new"
	case a.Verb == oracle.Update && !m.holds(s.now, before) && s.spec.Spec.AdoptionPolicy != v1alpha1.AdoptAlways &&
		!slices.ContainsFunc(all, func(o speaker) bool { return o.leaving() && o.now != nil && m.holds(o.now, before) }):
		return "may not take a foreign phone over"
	}
	return ""
}

// drifted reports whether only Graph changed since the resource was in sync.
func (m *model) drifted(s speaker, a asked) bool {
	number, _ := m.number(s.spec)
	was, ok := m.inSync[s.now.UID]
	return ok && s.now.Status.ID != "" && was.generation == s.spec.Generation && was.number == number &&
		was.request == requestOf(s.spec) && m.slot(a.user, a.t()).touched.After(was.at)
}

func (m *model) mayNotDelete(s speaker, all []speaker, before *emulator.Phone) string {
	switch {
	case !m.allows(s.now, v1alpha1.ActionDelete):
		return "is not permitted to do that"
	case !m.holds(s.now, before) && (began(s.now) == "" || m.slot(m.userOf(s.now), s.now.Spec.PhoneType).from != byUs):
		return "does not hold it" // nor was it, with another number, begun for it
	}
	for _, o := range all {
		if !o.leaving() && o.now != nil && o.now.Status.ID != "" && m.permitted(o.now) {
			return "goes, and " + ref(o.spec) + " holds it too"
		}
	}
	if heir, ok := m.heir(all, before); ok {
		return "goes, and " + ref(heir) + " is to take it over"
	}
	return ""
}

// heir is the oldest that stays and may act, if it can take a phone over.
func (m *model) heir(all []speaker, before *emulator.Phone) (*pam, bool) {
	var heirs []*pam
	for _, o := range all {
		_, problem := m.number(o.spec)
		if !o.leaving() && o.now != nil && !o.spec.Spec.Suspend && problem == "" && !m.moved(o.now) && m.permitted(o.now) {
			heirs = append(heirs, o.now)
		}
	}
	if len(heirs) == 0 {
		return nil, false
	}
	first := slices.MinFunc(heirs, older)
	number, _ := m.number(first)
	known := bound(first) != ""
	able := m.allows(first, v1alpha1.ActionUpdate) && time.Since(m.refused[first.UID]) > time.Hour
	return first, known && (able || before != nil && m.equal(before, number))
}

func older(a, b *pam) int {
	if c := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); c != 0 {
		return c
	}
	return strings.Compare(client.ObjectKeyFromObject(a).String(), client.ObjectKeyFromObject(b).String())
}
