package conditions

import (
	"fmt"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// UserNotFound says that Entra knows no such user, which may be too early to say of a
// resource that was created a moment ago.
func UserNotFound(young bool) Set {
	if young {
		return notAccepted(v1alpha1.ReasonUserNotFound, InProgress,
			"Entra does not know this user yet. A new user can take minutes to show; the operator keeps looking.")
	}
	return notAccepted(v1alpha1.ReasonUserNotFound, Failed,
		"Entra knows no such user: check spec.user, a user principal name or an object id. "+
			"After a correction, create the resource anew: spec.user cannot be changed.")
}

// UserNameRefused says that Graph does not take the name for one, and so cannot say whose it is.
func UserNameRefused() Set {
	return notAccepted(v1alpha1.ReasonUserNotFound, Failed,
		"Graph does not take the name in spec.user for a user principal name: check it, or name the user by object id. "+
			"After a correction, create the resource anew: spec.user cannot be changed.")
}

// Why a resource no longer means the user that it is bound to.
const (
	NameOfAnother = "The name in spec.user now belongs to another user than the one this resource was " +
		"bound to (status.userID): nothing is written. Delete the resource and create it anew if the new user is meant."
	OtherObjectID = "The object id in spec.user is not the one that this resource is bound to (status.userID): " +
		"nothing is written. Delete the resource and create it anew."
)

// UserChanged says why the resource no longer means the user that it is bound to.
func UserChanged(why string) Set { return notAccepted(v1alpha1.ReasonUserChanged, Failed, why) }

// UserMayBeGone is said of a terminating resource whose user was not found once.
func UserMayBeGone() Set {
	return pending("Entra does not show the user of this phone. The operator asks once more before it lets the resource go.")
}

// GoesOn is said of a resource that could not be written for a while.
func GoesOn() Set {
	return notSynced(v1alpha1.ReasonPending, InProgress, "The resource could not be written for a while; the operator goes on with it.")
}

// DeletionGoesOn is the same for a terminating resource.
func DeletionGoesOn() Set {
	return notSynced(v1alpha1.ReasonPending, InProgress, "The resource could not be written for a while; its deletion goes on.")
}

// ReleasePending is said of a terminating resource that stays although its phone does not.
func ReleasePending() Set {
	return notSynced(v1alpha1.ReasonPending, InProgress, "The phone was deleted or handed on; the resource goes as soon as the API server takes that.")
}

// UserGone is the note of the event that a resource goes whose user is gone.
const UserGone = "The user is not in Entra any more, and the resource goes. A deleted user can be restored for 30 days, with the phones it had."

// TenantNotUsable says that the EntraTenant cannot be used: reason is of its Ready condition,
// and message its sentence where the EntraTenant is not there at all.
func TenantNotUsable(tenant, reason, message string, terminating, young bool) Set {
	ownReason := v1alpha1.ReasonTenantNotReady
	if reason == v1alpha1.ReasonTenantNotFound {
		ownReason = reason
	} else {
		message = fmt.Sprintf("EntraTenant %q cannot be used: its Ready condition says why (%s).", tenant, reason)
	}
	switch {
	case terminating:
		return notAccepted(ownReason, Failed, message+" The deletion waits for it, since the phone is still in Graph; "+
			"to let the resource go and leave the phone, "+orphan)
	case young:
		return notAccepted(ownReason, InProgress, message)
	}
	return notAccepted(ownReason, Failed, message)
}

// TenantNotFound is the message for an EntraTenant that does not exist.
func TenantNotFound(tenant string) string {
	return fmt.Sprintf("There is no EntraTenant %q: name one that exists in spec.tenantRef, or ask an administrator to create it.", tenant)
}
