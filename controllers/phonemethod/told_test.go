package phonemethod

import (
	"net/http"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// forges puts on a resource all that an editor can write and that looks like the operator's.
func forges(name, user, mask string) step {
	return step{"an editor forges the marks of the operator on " + name, func(m *model) {
		m.cluster.edit(keyFor(name), func(o *pam) {
			o.Finalizers = []string{v1alpha1.Finalizer}
			o.Annotations = map[string]string{"identity.entraops.dev/creating": user + " " + mask}
		})
	}}
}

// TestToldHistories are histories that random ones seldom come to, with their end.
func TestToldHistories(t *testing.T) {
	const first, second = "+1 2065550101", "+1 2065550102"
	badRequest := emulator.Fault{Method: http.MethodPost, Path: "/phoneMethods$", Times: 2, Effect: emulator.Answer, Status: 400}
	tells(t, map[string]story{
		"forged marks of the operator make no phone a resource's own": {[]step{
			ruled("no Update", withoutUpdate), setsByHand(ada, mobileType, second), creates("people/a", ada, mobileType, number(first)),
			forges("people/a", ada, "+1 ********02"), works(busy), deletes("people/a"),
		}, second, "", nil},
		"a number in a Secret that was refused is tried anew when the Secret says another": {[]step{
			graphFault("two creations are refused", badRequest), secretSays("people", first),
			creates("people/a", ada, mobileType, fromSecret), waits(20 * time.Second), secretSays("people", second), waits(20 * time.Second),
		}, second, v1alpha1.ReasonReady, nil},
		"SMS sign-in is not switched where updates are not allowed": {[]step{
			ruled("no Update", withoutUpdate), allowsSMS(ada, true),
			creates("people/a", ada, mobileType, number(first), sms(v1alpha1.SMSSignInDisabled)), works(busy),
		}, first, v1alpha1.ReasonNotPermitted, nil},
		"a rival takes over from a holder whose namespace no rule is for any more": {[]step{
			creates("staff/a", ada, mobileType, number(first)), works(busy),
			ruled("only people may", onlyPeopleMay),
			creates("people/b", ada, mobileType, number(first)), works(busy), deletes("people/b"), waits(time.Minute),
		}, "", "", map[string]string{"staff/a": v1alpha1.ReasonNotPermitted, "people/b": ""}},
		"a deletion over the budget goes through when the hour is over": {[]step{
			deletionsPerHour(1),
			creates("people/a", ada, mobileType, number(first)), creates("people/b", ada, v1alpha1.PhoneTypeOffice, number(second)), works(busy),
			deletes("people/b"), works(busy), deletes("people/a"), works(busy), waits(66 * time.Minute),
		}, "", "", map[string]string{"people/b": ""}},
		"a deletion that Graph refused does not count": {[]step{
			deletionsPerHour(1),
			creates("people/a", ada, mobileType, number(first)), creates("people/b", ada, v1alpha1.PhoneTypeOffice, number(second)), works(busy),
			changes(ada, "default method mobile", func(u *emulator.User) { u.DefaultMethod = "mobile" }),
			deletes("people/a"), waits(time.Minute), deletes("people/b"), waits(time.Minute),
		}, first, v1alpha1.ReasonDefaultMethod, map[string]string{"people/b": ""}},
		"a default method is deleted when it is none any more, without being asked": {[]step{
			creates("people/a", ada, mobileType, number(first)), works(busy),
			changes(ada, "default method mobile", func(u *emulator.User) { u.DefaultMethod = "mobile" }),
			deletes("people/a"), waits(time.Minute),
			changes(ada, "no default method", func(u *emulator.User) { u.DefaultMethod = "" }), waits(11 * time.Minute),
		}, "", "", nil},
		"a user that does not show for a moment keeps a leaving resource": {[]step{
			creates("people/a", ada, mobileType, number(first)), works(busy),
			changes(ada, "does not show", func(u *emulator.User) { u.HiddenFor = 2 }), deletes("people/a"), waits(time.Minute),
		}, "", "", nil},
		"nothing is written while Graph does not say whether the user is an administrator": {[]step{
			graphFault("no word of memberships", emulator.Fault{Path: "/transitiveMemberOf", Effect: emulator.Answer, Status: 500}),
			creates("people/a", ada, mobileType, number(first)), works(busy),
		}, "", v1alpha1.ReasonGraphUnavailable, nil},
		"nothing is written where the operator may not ask whether the user is an administrator": {[]step{
			granted("UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All", "RoleManagement.Read.Directory"),
			creates("people/a", ada, mobileType, number(first)), works(busy),
		}, "", v1alpha1.ReasonPrivilegedUser, nil},
		"nothing is written where Graph refuses to say so for no reason that a permission could mend": {[]step{
			graphFault("memberships are not shown", emulator.Fault{Path: "/transitiveMemberOf", Effect: emulator.Answer, Status: 403}),
			creates("people/a", ada, mobileType, number(first)), works(busy),
		}, "", v1alpha1.ReasonGraphUnavailable, nil},
		"a write that came to nothing explains no later change": {[]step{
			creates("people/a", ada, mobileType, number(first), drifting(v1alpha1.DriftReport)), works(busy),
			graphFault("the PATCH is cut", emulator.Fault{Method: http.MethodPatch, Times: 1, Effect: emulator.Cut}),
			edits("people/a", number(second)), works(busy), edits("people/a", number(first)), works(busy), waits(3 * time.Hour),
			setsByHand(ada, mobileType, second), waits(3 * time.Hour),
		}, second, v1alpha1.ReasonDriftDetected, nil},
		"a pending write that Graph refused is gone": {[]step{
			graphFault("two creations are refused", badRequest), creates("people/a", ada, mobileType, number(first)), waits(20 * time.Second),
			setsByHand(ada, mobileType, first), deletes("people/a"), waits(time.Minute),
		}, first, "", nil},
	})
}

// story is a history with its end.
type story struct {
	steps  []step
	phone  string            // what Graph has of ada's mobile, "" is none
	says   string            // the reason of Ready of people/a, "": it is gone
	others map[string]string // the same of other resources
}

func tells(t *testing.T, stories map[string]story) {
	for name, c := range stories {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(c.steps...)
				m.take(works(busy))
				m.wants(t, c.phone)
				m.ends(t, "people/a", c.says)
				for name, reason := range c.others {
					m.ends(t, name, reason)
				}
			})
		})
	}
}

// ends wants a reason of a resource's Ready, or with "" that the resource is gone.
func (m *model) ends(t *testing.T, name, reason string) {
	t.Helper()
	if m.gone(t, name, reason == ""); reason != "" {
		m.saysReady(t, name, reason)
	}
}
