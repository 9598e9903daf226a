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
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
	s := newStory(t)
	p := s.people
	u := s.user(func(u *emulator.User) { u.Phones = map[string]string{"mobile": "+1 2065550109"} })
	unchanged := s.graphStays()
	forged := v1alpha1.PhoneAuthenticationMethodStatus{ID: mobileID, UserID: u.ID, MaskedNumber: "+1 ********09", ObservedGeneration: 1}
	o := p.phone("mobile", u.UPN, mobile, "+1 2065550101", adoptEqual)
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
	t.Parallel()
	s := newStory(t)
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
			s := s.under(t)
			p, forged := s.people, nameOf(sentence)
			own, other := s.user(), s.user(c.other, func(u *emulator.User) { u.Phones = map[string]string{"mobile": "+1 2065550109"} })
			unchanged := s.graphStays()
			p.apply(p.phone(forged, c.spelling(own, other), mobile, "+1 2065550101",
				func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.Suspend = true }))
			p.reaches(forged, v1alpha1.ConditionSuspended, yes, v1alpha1.ReasonSuspended)
			p.forge(forged, v1alpha1.PhoneAuthenticationMethodStatus{ID: mobileID, UserID: other.ID, MaskedNumber: "+1 ********09"})
			p.edit(forged, func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.Suspend = false })
			p.refused(c.reason, forged)
			unchanged()
			if c.reason == v1alpha1.ReasonUserChanged {
				return // such a user's phone could be deleted without a forgery, too
			}
			p.remove(forged)
			if c.reason == v1alpha1.ReasonPrivilegedUser {
				p.look(forged)
			} else {
				p.gone(forged)
			}
			unchanged()
		})
	}
}

func spellName(own, _ emulator.User) string    { return own.UPN }
func spellID(own, _ emulator.User) string      { return own.ID }
func spellOther(_, other emulator.User) string { return other.ID }

func ordinary(*emulator.User)        {}
func fabrikam(u *emulator.User)      { u.UPN = "carol" + u.ID[:8] + "@fabrikam.com" }
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

func foreignMobile(u *emulator.User) { u.Phones = map[string]string{"mobile": "+1 2065550109"} }

func spellNobody(emulator.User, emulator.User) string { return "nobody@contoso.com" }
