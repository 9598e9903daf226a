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
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// judge asks of a write on its way to Graph whether it may be: by Graph's rules,
// by the tenant's, and because a resource speaks for it. It is written from the
// table of semantics, not from the plan. It returns who speaks for the write.
func (m *model) judge(a asked) (speaker types.UID) {
	if _, there := m.person(a.user); !there {
		return "" // deleted midway; nothing can come of it
	}
	switch {
	case m.registered == nil || m.registered.Problem != nil:
		m.broken(everyWriteIsSpokenFor, "%s: the tenant cannot be used", a)
	case m.observing():
		m.broken(nothingInObserve, "%s: the tenant is in mode Observe", a)
	case m.outOfBounds(a.user):
		m.broken(nobodyPrivileged, "%s: the user holds a directory role", a)
	case m.slot(a.user, a.t).unclear:
		m.broken(unclearIsReadAgain, "%s: nobody has read since a write of unknown outcome", a)
	}
	if !m.lagging(a.user) {
		m.judgeOrder(a)
	}
	switch s := m.slot(a.user, a.t); a.verb {
	case plan.Create:
		s.made = a.number.Graph()
	case plan.Delete:
		m.judgeBudget(a, s)
	case plan.None, plan.Update, plan.EnableSMS, plan.DisableSMS:
	}
	var objections []string
	speakers := m.speakers(a)
	for _, s := range speakers {
		no := m.objection(a, s, speakers)
		if no == "" {
			return s.now.UID
		}
		objections = append(objections, ref(s.spec)+" "+no)
	}
	m.broken(everyWriteIsSpokenFor, "%s: nobody speaks for it: %s", a, strings.Join(objections, "; "))
	return ""
}

// judgeOrder: one phone of a type, a mobile first and last.
func (m *model) judgeOrder(a asked) {
	mobile, alternate := phoneOf(a.before, v1alpha1.PhoneTypeMobile), phoneOf(a.before, v1alpha1.PhoneTypeAlternateMobile)
	switch {
	case a.verb == plan.Create && phoneOf(a.before, a.t) != nil && !m.mayBeUnread(a):
		m.broken(graphsRules, "%s: the user has a phone of this type", a)
	case a.verb == plan.Create && a.t == v1alpha1.PhoneTypeAlternateMobile && mobile == nil:
		m.broken(graphsRules, "%s: the user has no mobile", a)
	case a.verb == plan.Delete && a.t == v1alpha1.PhoneTypeMobile && alternate != nil:
		m.broken(graphsRules, "%s: the user has an alternateMobile", a)
	}
}

// mayBeUnread reports whether a create may be sent although the user has such a phone: it is the
// first that is asked of the user, nobody said what to do with a phone that is there, and the
// resource says that it was not looked for.
func (m *model) mayBeUnread(a asked) bool {
	return slices.ContainsFunc(m.speakers(a), func(s speaker) bool {
		return s.now != nil && isUnread(s.now) && s.now.Status.ID == "" && s.now.Spec.AdoptionPolicy == "" && !m.met[s.now.UID]
	})
}

// judgeBudget: in no hour are there more deletions than the tenant allows, of phones that
// the operator did not create itself.
func (m *model) judgeBudget(a asked, s *slotNotes) {
	shown := phoneOf(a.before, a.t)
	s.counted = shown == nil || s.made == "" || phone.Read(shown.Number) != phone.Read(s.made)
	if !s.counted && m.tenant.spec.DeletionsPerHourOrDefault() > 0 {
		return
	}
	m.deletions = slices.DeleteFunc(m.deletions, func(at time.Time) bool { return time.Since(at) >= time.Hour })
	if limit := m.tenant.spec.DeletionsPerHourOrDefault(); len(m.deletions) >= int(limit) {
		m.broken(budgetIsKept, "%s: %d deletions in this hour already, of %d", a, len(m.deletions), limit)
	}
	m.deletions = append(m.deletions, time.Now())
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
		if o.Spec.PhoneType == a.t && m.userOf(s.status()) == a.user {
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
	if isUnread(o) { // the phone may have been there before, unless it is the very number
		if number, _ := m.number(o); p == nil || !m.equal(p, number) {
			return false
		}
	}
	return p != nil && began(o) == masked(p) && (owner == o.UID || owner == "" && !m.spent[o.UID])
}

// objection says why a resource does not speak for a write; "" if it does.
func (m *model) objection(a asked, s speaker, all []speaker) string {
	before := phoneOf(a.before, a.t)
	number, problem := m.number(s.spec)
	switch {
	case s.now == nil:
		return "is gone"
	case s.spec.Spec.Suspend:
		return "is suspended"
	case a.verb == plan.Delete:
		return m.objectionToDelete(s, all, before)
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
	case a.verb == plan.Create && !m.allows(s.now, v1alpha1.ActionCreate), a.verb != plan.Create && !m.allows(s.now, v1alpha1.ActionUpdate):
		return "is not permitted"
	case (a.verb == plan.Create || a.verb == plan.Update) && number != a.number:
		return "says another number"
	case a.verb == plan.Create && began(s.now) != number.Masked():
		return "has no pending write of it"
	case s.spec.Spec.DriftPolicy == v1alpha1.DriftReport && m.drifted(s, a):
		return "wants drift reported, and asks for nothing new"
	case a.verb == plan.EnableSMS && s.spec.Spec.SMSSignIn != v1alpha1.SMSSignInEnabled,
		a.verb == plan.DisableSMS && s.spec.Spec.SMSSignIn != v1alpha1.SMSSignInDisabled:
		return "does not ask for it"
	case a.verb == plan.Update && !m.holds(s.now, before) && s.spec.Spec.AdoptionPolicy != v1alpha1.AdoptAlways &&
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
		was.request == requestOf(s.spec) && m.slot(a.user, a.t).touched.After(was.at)
}

func (m *model) objectionToDelete(s speaker, all []speaker, before *emulator.Phone) string {
	switch {
	case !s.leaving():
		return "is not leaving"
	case s.spec.Spec.DeletionPolicy == v1alpha1.DeletionOrphan:
		return "leaves its phone behind"
	case !m.allows(s.now, v1alpha1.ActionDelete):
		return "is not permitted"
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
