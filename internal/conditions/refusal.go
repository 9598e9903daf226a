package conditions

import (
	"fmt"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/graph"
)

const askAdministrator = " Ask an administrator of the EntraTenant (spec.access)."

// NotPermitted says which part of the access rules did not match. It speaks of the
// resource's own namespace only, never of what other namespaces may do.
func NotPermitted(m access.Mismatch) Set {
	return notAccepted(v1alpha1.ReasonNotPermitted, Failed, mismatch(m))
}

func mismatch(m access.Mismatch) string {
	switch m {
	case access.NoRules:
		return "The EntraTenant has no access rules, so nobody may manage phones with it." + askAdministrator
	case access.Namespace:
		return "No access rule of the EntraTenant is for this namespace." + askAdministrator
	case access.User:
		return "No access rule for this namespace covers the user." + askAdministrator
	case access.PhoneType:
		return "The access rules for this namespace and user do not cover this phone type." + askAdministrator
	case access.NumberSource:
		return "The access rules want the number from elsewhere: use spec.phoneNumberFrom in place of spec.phoneNumber, and, where a " +
			"rule says numberSource: SecretForUser, name the user in the Secret's annotation " + v1alpha1.UserAnnotation + "."
	case access.Nothing:
	}
	return "The access rules of the EntraTenant do not allow this." + askAdministrator
}

// NotCoveredOrUnknown is said of an object id, be its user one that no rule covers or none:
// which of the two it is, a namespace may not find out.
func NotCoveredOrUnknown() Set {
	return notAccepted(v1alpha1.ReasonNotPermitted, Failed, "No access rule for this namespace covers the user, or Entra knows no user with "+
		"this object id: check spec.user. A new user can take minutes to show. Otherwise ask an administrator of the EntraTenant (spec.access).")
}

// NotCoveredYet is said where Graph failed to answer who the user of an object id is, which
// a namespace may not be told any more of.
func NotCoveredYet() Set {
	return unknown(v1alpha1.ReasonGraphUnavailable, InProgress, "Graph did not say whether the rules cover the user; the operator asks again.")
}

// Protected says why the phones of a user are not written: Entra protects the user.
const Protected = "The user holds a directory role, is a member or an owner of a group that can hold one, or may activate " +
	"either, and the EntraTenant says privilegedUsers: Deny: manage this user's phones by hand."

// ProtectionUnknown says why the phones of a user are not written where Graph refuses to
// say whether Entra protects the user.
func ProtectionUnknown(e *graph.Error) string {
	if e.Cause == graph.CauseRevoked {
		return fmt.Sprintf("The app registration has lost %s, without which the operator does not see all the users whom Entra protects, "+
			"and so it writes nothing: grant it again, with admin consent. How to go on without it is said by the condition "+
			"ProtectedUsersVisible of the EntraTenant.", e.Permission)
	}
	if e.Cause == graph.CauseThisUser {
		const refused = "Graph shows which groups other users own and refuses to show it of this one, and so the operator writes nothing for this user: "
		if e.Permission != "" {
			return refused + "grant the app registration " + e.Permission + ", with admin consent."
		}
		return refused + "manage this user's phones by hand."
	}
	return fmt.Sprintf("The operator may not ask Graph whether this user is protected by Entra, and so writes nothing: "+
		"grant the app registration %s, with admin consent, or set privilegedUsers: Allow on the EntraTenant.", e.Permission)
}
