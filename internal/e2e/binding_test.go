package e2e_test

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// A resource is bound to the user it first met. Somebody else who is given the name gets nothing of it.
func TestANameGivenToSomebodyElse(t *testing.T) {
	s := newStory(t)
	p := s.people
	first := s.user()
	p.apply(p.phone("mobile", first.UPN, mobile, "+1 2065550101"), p.phone("office", first.UPN, office, "+1 2065550102"))
	p.ready("mobile", "office")
	must(t, s.graph.RenameUser(first.ID, "moved-"+first.UPN))
	second := s.user(func(u *emulator.User) {
		u.UPN = first.UPN
		u.Phones = map[string]string{"office": "+1 2065550109"}
	})

	unchanged := s.graphStays()
	p.edit("mobile", number("+1 2065550103"))
	p.look("office")
	p.refused(v1alpha1.ReasonUserChanged, "mobile", "office")
	p.reaches("mobile", v1alpha1.ConditionStalled, yes, v1alpha1.ReasonUserChanged)
	unchanged()

	// What goes with the resource is the phone that was made for it, not the other user's.
	p.remove("mobile", "office")
	p.gone("mobile", "office")
	s.has(first)
	s.has(second, "office +1 2065550109")
}

// A user that is renamed is the same user.
func TestAUserThatIsRenamed(t *testing.T) {
	s := newStory(t)
	p := s.people
	u := s.user()
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101"))
	p.ready("mobile")
	must(t, s.graph.RenameUser(u.ID, "renamed-"+u.UPN))
	p.edit("mobile", number("+1 2065550102"))
	p.ready("mobile")
	s.has(u, "mobile +1 2065550102")
}

// The role for people does not write status, at creation either.
func TestAStatusThatAnEditorForges(t *testing.T) {
	s := newStory(t)
	p := s.people
	u := s.user(func(u *emulator.User) { u.Phones = map[string]string{"mobile": "+1 2065550109"} })
	unchanged := s.graphStays()
	forged := v1alpha1.PhoneAuthenticationMethodStatus{ID: mobileID, UserID: u.ID, MaskedNumber: "+1 ********09", ObservedGeneration: 1}
	o := p.phone("mobile", u.UPN, mobile, "+1 2065550101")
	o.Status = forged
	must(t, p.Create(t.Context(), o))
	p.reaches("mobile", v1alpha1.ConditionSynced, no, v1alpha1.ReasonAlreadyExists)
	o, err := p.get("mobile")
	must(t, err)
	o.Status.ID = mobileID
	for how, err := range map[string]error{
		"update": p.Status().Update(t.Context(), o),
		"patch":  p.Status().Patch(t.Context(), o, client.RawPatch(types.MergePatchType, []byte(`{"status":{"id":"`+mobileID+`"}}`))),
	} {
		if !apierrors.IsForbidden(err) {
			t.Errorf("%s of the status: %v, want that it is forbidden", how, err)
		}
	}
	p.remove("mobile")
	p.gone("mobile")
	unchanged()
}

const mobileID = "3179e48a-750b-4051-897c-87b9720928f7"

// If a status is forged all the same, by somebody whom an administrator let: no user is reached through it who could not
// be named, and no administrator.
func TestAStatusThatIsForgedAllTheSame(t *testing.T) {
	for sentence, c := range map[string]struct {
		spelling func(own, other emulator.User) string
		other    func(*emulator.User)
		reason   string
	}{
		"another user behind a name":         {spellName, ordinary, v1alpha1.ReasonUserChanged},
		"another user behind an id":          {spellID, ordinary, v1alpha1.ReasonUserChanged},
		"a user without a rule behind an id": {spellID, fabrikam, v1alpha1.ReasonNotPermitted},
		"a user without a rule behind a name that nobody has": {
			spellNobody, fabrikam, v1alpha1.ReasonNotPermitted},
		"a phone of a user without a rule": {spellOther, fabrikam, v1alpha1.ReasonNotPermitted},
		"a phone of an administrator":      {spellOther, administrator, v1alpha1.ReasonPrivilegedUser},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := newStory(t)
			p := s.people
			own, other := s.user(), s.user(c.other, func(u *emulator.User) { u.Phones = map[string]string{"mobile": "+1 2065550109"} })
			unchanged := s.graphStays()
			p.apply(p.phone("forged", c.spelling(own, other), mobile, "+1 2065550101",
				func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.Suspend = true }))
			p.reaches("forged", v1alpha1.ConditionSuspended, yes, v1alpha1.ReasonSuspended)
			p.forge("forged", v1alpha1.PhoneAuthenticationMethodStatus{ID: mobileID, UserID: other.ID, MaskedNumber: "+1 ********09"})
			p.edit("forged", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.Suspend = false })
			p.refused(c.reason, "forged")
			unchanged()
			if c.reason == v1alpha1.ReasonUserChanged {
				return // such a user's phone could be deleted without a forgery, too
			}
			p.remove("forged")
			if c.reason == v1alpha1.ReasonPrivilegedUser {
				p.look("forged")
			} else {
				p.gone("forged")
			}
			unchanged()
		})
	}
}

func spellName(own, _ emulator.User) string    { return own.UPN }
func spellID(own, _ emulator.User) string      { return own.ID }
func spellOther(_, other emulator.User) string { return other.ID }

func ordinary(*emulator.User)        {}
func fabrikam(u *emulator.User)      { u.UPN = "carol@fabrikam.com" }
func administrator(u *emulator.User) { u.Roles = []emulator.Role{globalAdministrator} }

// forge writes a status as only the operator and administrators can.
func (g *team) forge(name string, status v1alpha1.PhoneAuthenticationMethodStatus) {
	g.t.Helper()
	g.eventually("forge the status of "+name, func() error {
		o, err := g.get(name)
		if err != nil {
			return err
		}
		o.Status.ID, o.Status.UserID, o.Status.MaskedNumber = status.ID, status.UserID, status.MaskedNumber
		return g.world.Status().Update(g.t.Context(), o)
	})
}

// Finalizers and annotations are for whoever may edit the resource. The operator's own note of a create that it began
// must not make a foreign phone its own.

func noted(u emulator.User) func(*v1alpha1.PhoneAuthenticationMethod) {
	return func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Finalizers = []string{v1alpha1.Finalizer}
		o.Annotations = map[string]string{v1alpha1.CreatingAnnotation: u.ID + " +1 ********09"}
	}
}

func foreignMobile(u *emulator.User) { u.Phones = map[string]string{"mobile": "+1 2065550109"} }

func TestAForgedNoteOfACreateWithoutARule(t *testing.T) {
	s := newStory(t)
	hostile := s.team("hostile")
	u := s.user(foreignMobile)
	unchanged := s.graphStays()
	hostile.apply(hostile.phone("forged", u.UPN, mobile, "+1 2065550101", noted(u)))
	hostile.refused(v1alpha1.ReasonNotPermitted, "forged")
	hostile.remove("forged")
	hostile.gone("forged")
	unchanged()
}

func TestAForgedNoteOfACreateAgainstTheHolder(t *testing.T) {
	s := newStory(t)
	p, hostile := s.people, s.team("hostile")
	s.editTenant(func(spec *v1alpha1.EntraTenantSpec) { spec.Access = append(spec.Access, hostile.may()) })
	s.tenantReaches(v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady)
	u := s.user(foreignMobile)
	hostile.apply(hostile.phone("older", u.UPN, mobile, "+1 2065550101"))
	hostile.reaches("older", v1alpha1.ConditionSynced, no, v1alpha1.ReasonAlreadyExists)
	hostile.edit("older", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.Suspend = true })
	p.apply(p.phone("holder", u.UPN, mobile, "+1 2065550109"))
	p.ready("holder")

	unchanged := s.graphStays()
	hostile.edit("older", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.Suspend = false; noted(u)(o) })
	hostile.refused(v1alpha1.ReasonConflict, "older")
	hostile.remove("older")
	hostile.gone("older")
	p.look("holder")
	p.ready("holder")
	unchanged()
}

func TestAForgedNoteOfACreateWhereUpdatesAreNotAllowed(t *testing.T) {
	s := newStory(t, func(spec *v1alpha1.EntraTenantSpec) {
		spec.Access[0].Actions = []v1alpha1.Action{v1alpha1.ActionCreate, v1alpha1.ActionDelete}
	})
	p := s.people
	u := s.user(foreignMobile)
	unchanged := s.graphStays()
	p.apply(p.phone("forged", u.UPN, mobile, "+1 2065550101", noted(u)))
	p.reaches("forged", v1alpha1.ConditionSynced, no, v1alpha1.ReasonAlreadyExists)
	p.remove("forged")
	p.gone("forged")
	unchanged()
}

// The note says for whom it is, and a resource whose status says nothing is bound by it. It binds to nobody whom the
// resource could not name in spec as well, and does nothing at all for the user in spec.
func TestAForgedNoteThatNamesAnotherUser(t *testing.T) {
	for sentence, c := range map[string]struct {
		spelling func(own, other emulator.User) string
		other    func(*emulator.User)
		reason   string
	}{
		"a user without a rule":                      {spellName, fabrikam, v1alpha1.ReasonNotPermitted},
		"a user without a rule, the name being free": {spellNobody, fabrikam, v1alpha1.ReasonNotPermitted},
		"an administrator, the name being free":      {spellNobody, administrator, v1alpha1.ReasonPrivilegedUser},
		"another user within the rules":              {spellName, ordinary, v1alpha1.ReasonUserChanged},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := newStory(t)
			p := s.people
			own, other := s.user(), s.user(foreignMobile, c.other)
			unchanged := s.graphStays()
			p.apply(p.phone("forged", c.spelling(own, other), mobile, "+1 2065550101", noted(other)))
			p.refused(c.reason, "forged")
			unchanged()
			switch c.reason {
			case v1alpha1.ReasonNotPermitted:
				p.remove("forged")
				p.gone("forged")
			case v1alpha1.ReasonPrivilegedUser:
				p.remove("forged")
				p.look("forged")
			}
			unchanged()
		})
	}
}

// Beside an object id in spec no note is believed.
func TestAForgedNoteBesideAnObjectID(t *testing.T) {
	s := newStory(t)
	p := s.people
	own, other := s.user(), s.user(foreignMobile)
	p.apply(p.phone("forged", own.ID, mobile, "+1 2065550101", noted(other)))
	p.ready("forged")
	s.has(own, "mobile +1 2065550101")
	p.remove("forged")
	p.gone("forged")
	s.has(own)
	s.has(other, "mobile +1 2065550109")
	if done := s.done(other); len(done) != 0 {
		t.Errorf("writes for the user of the note: %v", done)
	}
}

func spellNobody(emulator.User, emulator.User) string { return "nobody@contoso.com" }
