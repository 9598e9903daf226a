package phonemethod

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/testing/oracle"
)

// judgeRest reports whether all is as it should be once the operator has come to
// rest: every status is true, whatever can be done is done, nothing is lost.
func (m *model) judgeRest() {
	for _, o := range m.cluster.all() {
		switch {
		case !o.DeletionTimestamp.IsZero():
			m.judgeLeaver(o)
		case o.Spec.Suspend:
			if o.Status.ObservedGeneration != o.Generation || !meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionSuspended) {
				m.broken(atRest, "%s is suspended and does not say so", ref(o))
			}
		default:
			m.judgeStayer(o)
		}
	}
	for key, s := range m.slots {
		if p := m.has(key.user, key.t); p != nil && s.from == byUs && !s.left && !m.held(key, p) {
			m.broken(nothingIsLost, "Graph has a %s of %.3s that the operator made, and nobody holds it", key.t, key.user)
		}
	}
}

// held reports whether somebody holds a phone that the operator made. It need not be so where the
// operator was killed before it could record what it had made unread, and the number was edited
// before the next one looked.
func (m *model) held(key slotKey, p *emulator.Phone) bool {
	if s := m.slot(key.user, key.t); s.unread != nil && s.unread != m.process && !m.isAskedFor(key, p) {
		return true
	}
	for _, o := range m.cluster.pams {
		if m.userOf(o) == key.user && o.Spec.PhoneType == key.t && (o.Status.ID != "" || m.noted(o, p)) {
			return true
		}
	}
	return false
}

// isAskedFor reports whether a resource asks for just this phone.
func (m *model) isAskedFor(key slotKey, p *emulator.Phone) bool {
	for _, o := range m.cluster.pams {
		if number, problem := m.number(o); problem == "" && m.equal(p, number) && m.userOf(o) == key.user && o.Spec.PhoneType == key.t {
			return true
		}
	}
	return false
}

// judgeLeaver: who is still there has a reason, and says it.
func (m *model) judgeLeaver(o *pam) {
	why := m.reasonsToStay(o)
	if said := readyOf(o).Reason; !slices.Contains(why, said) {
		m.broken(atRest, "%s is deleted and still there: it says %q, and could say %q", ref(o), said, why)
	}
}

func (m *model) reasonsToStay(o *pam) (why []string) {
	user := m.userOf(o)
	u, there := m.person(user)
	p := m.has(user, o.Spec.PhoneType)
	switch {
	case o.Spec.Suspend || o.Spec.DeletionPolicy == v1alpha1.DeletionOrphan:
		return nil
	case m.tenant.state == tenantMissing:
		return []string{v1alpha1.ReasonTenantNotFound}
	case m.tenant.state == tenantBroken:
		return []string{v1alpha1.ReasonTenantNotReady}
	case !there || p == nil || !m.holds(o, p) || !m.allows(o, v1alpha1.ActionDelete):
		return nil
	}
	if m.outOfBounds(user) {
		why = append(why, v1alpha1.ReasonPrivilegedUser)
	}
	if m.observing() {
		why = append(why, v1alpha1.ReasonWouldChange)
	}
	if u.DefaultMethod == string(o.Spec.PhoneType) {
		why = append(why, v1alpha1.ReasonDefaultMethod)
	}
	if o.Spec.PhoneType == v1alpha1.PhoneTypeMobile && m.has(user, v1alpha1.PhoneTypeAlternateMobile) != nil {
		why = append(why, v1alpha1.ReasonWaitingForAlternateMobile)
	}
	if m.tenant.spec.DeletionsPerHourOrDefault() == 0 {
		why = append(why, v1alpha1.ReasonDeletionBudgetExhausted)
	}
	return why
}

// judgeStayer: the conditions are true, and whatever could be done is done.
func (m *model) judgeStayer(o *pam) {
	ready, user := readyOf(o), m.userOf(o)
	number, _ := m.number(o)
	p := m.has(user, o.Spec.PhoneType)
	_, there := m.person(user)
	claim := oracle.Claim{PhoneAuthenticationMethod: o, Number: number.Graph(), May: m.justified(o)}
	for _, what := range (oracle.Slot{Type: string(o.Spec.PhoneType), Phone: p, Gone: !there, Claims: []oracle.Claim{claim}}).Wrong() {
		m.broken(atRest, "%s", what)
	}
	if o.Status.LastHandledRequest != requestOf(o) {
		m.broken(atRest, "%s was not looked at since that was asked for", ref(o))
	}
	if (ready.Status == "True") != (ready.Reason == v1alpha1.ReasonReady) {
		m.broken(atRest, "%s: Ready=%s/%s", ref(o), ready.Status, ready.Reason)
	}
	waits := slices.Contains([]string{v1alpha1.ReasonWaitingForMobile, v1alpha1.ReasonReady}, ready.Reason)
	stalled := meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionStalled)
	if reconciling := meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReconciling); stalled == waits || reconciling == (stalled || ready.Status == "True") {
		m.broken(atRest, "%s says %q, and Stalled is %v, Reconciling %v", ref(o), ready.Reason, stalled, reconciling)
	}
	if isSynced(o) {
		if s := o.Status; s.ID != graph.MethodID(phone.Type(o.Spec.PhoneType)) || s.MaskedNumber != number.Masked() || p == nil || s.SMSSignInState != p.SMSSignInState {
			m.broken(atRest, "%s is in sync, and its status is not what Graph has", ref(o))
		}
	}
}

// justified gives the reasons that the Ready condition of a resource may have: with
// "Ready" among them nothing else is.
func (m *model) justified(o *pam) (why []string) {
	user := m.userOf(o)
	_, problem := m.number(o)
	_, there := m.person(user)
	switch {
	case m.tenant.state == tenantMissing:
		return []string{v1alpha1.ReasonTenantNotFound}
	case m.tenant.state == tenantBroken:
		return []string{v1alpha1.ReasonTenantNotReady}
	case !there && m.moved(o):
		return []string{v1alpha1.ReasonUserChanged, v1alpha1.ReasonNotPermitted}
	case !there: // a namespace that no rule is for is not told which users there are
		return []string{v1alpha1.ReasonUserNotFound, v1alpha1.ReasonNotPermitted}
	}
	if problem != "" {
		why = append(why, problem)
	}
	if m.moved(o) {
		why = append(why, v1alpha1.ReasonUserChanged)
	}
	if !m.permitted(o) {
		why = append(why, v1alpha1.ReasonNotPermitted)
	}
	switch {
	case len(why) > 0:
		return why
	case m.winner(user, o.Spec.PhoneType) != o:
		return []string{v1alpha1.ReasonConflict}
	}
	return m.justifiedOfWinner(o, user)
}

func (m *model) justifiedOfWinner(o *pam, user string) []string {
	number, _ := m.number(o)
	p := m.has(user, o.Spec.PhoneType)
	holder := o.Status.ID != ""
	if !holder && m.outOfBounds(user) { // nothing is compared
		return append(m.onlyWould(), v1alpha1.ReasonPrivilegedUser)
	}
	switch drift, unchanged := m.mayBeDrift(o, number, p); {
	case drift && (p == nil || !m.equal(p, number)):
		why := []string{v1alpha1.ReasonDriftDetected}
		if !unchanged {
			why = append(why, m.hindrance(o, user, v1alpha1.ActionUpdate)...)
		}
		return why
	case p == nil && o.Spec.PhoneType == v1alpha1.PhoneTypeAlternateMobile && m.has(user, v1alpha1.PhoneTypeMobile) == nil:
		return append(m.onlyWould(), v1alpha1.ReasonWaitingForMobile)
	case p == nil && m.observing(): // the mobile that is there may be one that Enforce would delete
		return append(m.hindrance(o, user, v1alpha1.ActionCreate), v1alpha1.ReasonWaitingForMobile)
	case p == nil:
		return m.hindrance(o, user, v1alpha1.ActionCreate)
	case m.equal(p, number) && holder && m.outOfBounds(user) && actedOn(o) != o.Generation:
		// A new spec, of which an operator that was restarted cannot tell whether its number is new.
		return append(m.justifiedOfSMS(o, user, p), v1alpha1.ReasonPrivilegedUser)
	case m.equal(p, number) && holder:
		return m.justifiedOfSMS(o, user, p)
	case !holder && m.leftTo(o, user, p): // as far as it can take it over
		return append(m.hindrance(o, user, v1alpha1.ActionUpdate), v1alpha1.ReasonAlreadyExists)
	case !holder && o.Spec.AdoptionPolicy != v1alpha1.AdoptNever && !m.allows(o, v1alpha1.ActionUpdate): // to adopt is to update
		return append(m.onlyWould(), v1alpha1.ReasonNotPermitted)
	case m.equal(p, number), !holder && o.Spec.AdoptionPolicy != v1alpha1.AdoptAlways:
		return append(m.onlyWould(), v1alpha1.ReasonAlreadyExists)
	}
	return append(m.hindrance(o, user, v1alpha1.ActionUpdate), v1alpha1.ReasonDriftDetected) // where a write is undone each time
}

// mayBeDrift reports whether a difference may be Graph's doing and to be reported. All
// that the operator keeps of a number is its mask: a changed number with the same
// mask it does not always tell from the old, be it in spec or, when spec was edited
// meanwhile, in Graph.
func (m *model) mayBeDrift(o *pam, number phone.Number, p *emulator.Phone) (may, unchanged bool) {
	was := m.inSync[o.UID]
	may = o.Status.ID != "" && o.Spec.DriftPolicy == v1alpha1.DriftReport && was.number.Masked() == number.Masked()
	edited := was.generation != o.Generation && p != nil && masked(p) == number.Masked()
	return may, was.number == number && !edited
}

// onlyWould: in mode Observe other resources' changes are counted on that Enforce
// would make, and nobody makes.
func (m *model) onlyWould() []string {
	if m.observing() {
		return []string{v1alpha1.ReasonWouldChange}
	}
	return nil
}

// leftTo reports whether a resource that holds the phone is leaving, and cannot go.
func (m *model) leftTo(o *pam, user string, p *emulator.Phone) bool {
	for _, other := range m.cluster.pams {
		if other != o && !other.DeletionTimestamp.IsZero() && other.Spec.PhoneType == o.Spec.PhoneType && m.userOf(other) == user && m.holds(other, p) {
			return true
		}
	}
	return false
}

func (m *model) justifiedOfSMS(o *pam, user string, p *emulator.Phone) []string {
	want := o.Spec.SMSSignIn
	switch {
	case want == "" || (want == v1alpha1.SMSSignInEnabled) == (p.SMSSignInState == string(phone.Ready)):
		return []string{v1alpha1.ReasonReady}
	case want == v1alpha1.SMSSignInEnabled && p.SMSSignInState != string(phone.NotEnabled):
		return []string{v1alpha1.ReasonSMSSignInNotAsAsked}
	case o.Spec.DriftPolicy == v1alpha1.DriftReport:
		return append(m.hindrance(o, user, v1alpha1.ActionUpdate), v1alpha1.ReasonDriftDetected)
	}
	return m.hindrance(o, user, v1alpha1.ActionUpdate)
}

// hindrance gives what may keep a write back; with nothing it should have been made.
func (m *model) hindrance(o *pam, user string, a v1alpha1.Action) (why []string) {
	why = m.onlyWould()
	if m.outOfBounds(user) {
		why = append(why, v1alpha1.ReasonPrivilegedUser)
	}
	if !m.allows(o, a) {
		why = append(why, v1alpha1.ReasonNotPermitted)
	}
	if n, _ := m.number(o); len(n.Graph()) > 25 { // Graph takes no extension that long
		why = append(why, v1alpha1.ReasonRejected)
	}
	return why
}

// winner is who has a phone type among those that stay: the holder, else the
// oldest that may act.
func (m *model) winner(user string, t v1alpha1.PhoneType) *pam {
	var holders, others []*pam
	for _, o := range m.cluster.all() {
		if m.userOf(o) != user || o.Spec.PhoneType != t || !o.DeletionTimestamp.IsZero() || !m.permitted(o) {
			continue
		}
		if m.holds(o, m.has(user, t)) {
			holders = append(holders, o)
		}
		if _, problem := m.number(o); problem == "" && !o.Spec.Suspend && !m.moved(o) {
			others = append(others, o)
		}
	}
	if len(holders) > 0 {
		return slices.MinFunc(holders, older)
	}
	if len(others) > 0 {
		return slices.MinFunc(others, older)
	}
	return nil
}

func readyOf(o *pam) metav1.Condition {
	if c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		return *c
	}
	return metav1.Condition{}
}
