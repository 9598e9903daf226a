package oracle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// harmless are the reasons that tell a resource nothing of the user's phones: that it is refused, or that the user could
// not be asked for.
var harmless = []string{
	"", v1alpha1.ReasonNotPermitted, v1alpha1.ReasonUserNotFound, v1alpha1.ReasonTenantNotFound, v1alpha1.ReasonTenantNotReady,
	v1alpha1.ReasonThrottled, v1alpha1.ReasonForbidden, v1alpha1.ReasonGraphUnavailable,
}

// Told is what a resource is told that it must not know, as no rule is for it: "" is nothing. own reports whether a mask
// is of a number that the resource itself said at some time.
func Told(o *v1alpha1.PhoneAuthenticationMethod, own func(mask string) bool) string {
	reason := ReasonOf(o)
	switch s := o.Status; {
	case s.ID != "" || s.SMSSignInState != "" || s.PendingWrite != nil:
		return fmt.Sprintf("id %q, smsSignInState %q, pending write %v", s.ID, s.SMSSignInState, s.PendingWrite)
	case s.MaskedNumber != "" && !own(s.MaskedNumber):
		return "a number that it never asked for: " + s.MaskedNumber
	case s.UserID != "" && !strings.EqualFold(s.UserID, o.Spec.User):
		return "object id " + s.UserID
	case !slices.Contains(harmless, reason) && o.DeletionTimestamp == nil:
		return reason
	}
	return ""
}

// Refused is what is not as it should be, at rest, of a resource that no rule is for; "" is nothing.
func Refused(o *v1alpha1.PhoneAuthenticationMethod) string {
	switch reason := ReasonOf(o); {
	case o.DeletionTimestamp != nil:
		return "is still leaving: " + reason
	case o.Status.ObservedGeneration != o.Generation:
		return fmt.Sprintf("generation %d is observed, %d is there", o.Status.ObservedGeneration, o.Generation)
	case reason != v1alpha1.ReasonNotPermitted && !o.Spec.Suspend:
		return "is not permitted, and says " + reason
	}
	return ""
}
